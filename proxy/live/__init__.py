"""The live page at `/-/`: what Sidestep does, as it does it.

A `feed` is handed the requests that have ended, and passes them on to whoever looks on; `state` says what else there is
to see, as plain data; `watch` keeps the two going, and only while somebody looks. `charts` are sums over time.
`document` is the page in one piece, made of page.html, page.css and page.js; `pages` serves it.
"""
