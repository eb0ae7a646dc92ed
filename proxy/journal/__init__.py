"""The journal: one row a request in SQLite, and the figures that are read from it.

`writer` takes what the request log reports and hands it to a thread of its own, which reads the tokens. There `keeper`
sees to it that nothing that befalls the file matters to a request, `rows` says what a row holds, and `store` is the
file, laid out as `schema` says. `figures` reads it, from anywhere, while it is being written, and `timeline` for the
live page.
"""
