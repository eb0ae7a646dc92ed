"""An upstream that speaks TLS on a plain socket, so that it can end the connection below TLS as well."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.certificates import Certificate

End = Callable[[ssl.SSLSocket], None]


def cut(peer: ssl.SSLSocket) -> None:
    """FIN, and no close_notify before it; closed only when the other side has: with bytes unread, that would be RST."""
    with socket.socket(fileno=peer.detach()) as below, contextlib.suppress(OSError):
        below.shutdown(socket.SHUT_WR)
        while below.recv(4096):
            pass


def close(peer: ssl.SSLSocket) -> None:
    """As TLS asks: close_notify, then FIN."""
    with contextlib.suppress(OSError):
        peer.settimeout(0)  # whether ours comes back is nobody's concern
        peer.unwrap()
    peer.close()


@contextmanager
def serving(own: Certificate, sent: bytes, end: End) -> Iterator[str]:
    """An upstream in a thread, below whose TLS nothing is hidden: it answers one request, and ends."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with own.server().wrap_socket(listener.accept()[0], server_side=True) as peer:
            assert peer.recv(4096)
            peer.sendall(sent)
            end(peer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        thread.join()
        listener.close()
