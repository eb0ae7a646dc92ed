"""A client of the trial, run in its root by its own Python: `python3 client.py METHOD URL [TOKEN]`.

Prints status, events or bytes, and seconds: `200 50 5.1`; or the name of what went wrong, in place of the status.
"""

import http.client
import sys
import time
from urllib.parse import urlsplit

method, url, token = sys.argv[1], urlsplit(sys.argv[2]), "".join(sys.argv[3:4])
began = time.monotonic()
try:
    connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=150)
    body = b"{}" if method == "POST" else None
    connection.request(method, url.path, body, {"x-sidestep-token": token} if token else {})
    reply = connection.getresponse()
    said, status = reply.read(), str(reply.status)
except (OSError, http.client.HTTPException) as error:
    said, status = b"", type(error).__name__
print(status, said.count(b"data:") or len(said), f"{time.monotonic() - began:.1f}")
