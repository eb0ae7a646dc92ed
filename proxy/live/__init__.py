"""The live page at `/-/`: what Sidestep does, while it does it.

`feed` gets the requests that have ended, and sends them to the open pages. `state` is everything else on the page, as
plain data, and `charts` are sums over time. `document` puts page.html, page.css and the scripts together; `pages`
serves all of it.
"""
