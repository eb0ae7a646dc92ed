"""The plainest server that streams: Python's own, which answers as HTTP/1.0 whatever it is asked in."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.sdk import replies

FRAMINGS = ("close", "length", "chunked")
"""A reply ends with its connection, by its length, or with a last chunk: HTTP/1.0 knows none, and every client does."""

STREAM = b"".join(replies.STREAM)
MESSAGE = b"".join(replies.REPLIES["message"]).partition(b"\r\n\r\n")[2]


class _Handler(BaseHTTPRequestHandler):
    framing: str

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        kind, body = ("text/event-stream", STREAM) if asked.get("stream") else ("application/json", MESSAGE)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if self.framing == "length":
            self.send_header("Content-Length", str(len(body)))
        elif self.framing == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in (body[:50], body[50:]):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if self.framing == "chunked" else piece)
        self.wfile.write(b"0\r\n\r\n" if self.framing == "chunked" else b"")

    def log_message(self, *_: object) -> None:
        """Not into the tests' output."""


@contextmanager
def plain_server(framing: str) -> Iterator[str]:
    """Its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"framing": framing}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
