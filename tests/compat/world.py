"""What stands around a client: a scripted upstream, Sidestep with its capture on, and a web page."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from proxy.scripted import ScriptedUpstream, scripted_upstream
from tests.certificates import certificate
from tests.compat.script import script


@contextmanager
def upstream() -> Iterator[ScriptedUpstream]:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    manager = scripted_upstream(script)
    try:
        yield asyncio.run_coroutine_threadsafe(manager.__aenter__(), loop).result(10)
    finally:
        asyncio.run_coroutine_threadsafe(manager.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = b"<html><body><h1>Sorting</h1><p>Sorting puts things in order.</p></body></html>"
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def web_page(folder: Path) -> Iterator[str]:
    """A page behind TLS, which is all that a client fetches."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    server.socket = (
        certificate(folder, "page", alternative="IP:127.0.0.1").server().wrap_socket(server.socket, server_side=True)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()


def captured(file: Path) -> Iterator[dict[str, Any]]:
    """The requests that Sidestep wrote down, in order."""
    if file.exists():
        yield from (json.loads(line) for line in file.read_text().splitlines())
