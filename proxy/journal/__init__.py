"""The journal: one row per request in SQLite, and the figures that are computed from it.

`writer` takes what the request log reports and hands it to a thread, which reads the tokens. In that thread, `keeper`
makes sure that no fault of the file affects a request, `rows` defines a row, and `store` is the file, with the layout
of `schema`. `reader` opens it for reading while it is being written: `figures` for `stats`, `timeline` for the page.
"""
