"""What the upstream must prove, and TLS that can be given by hand what an event loop has left in the kernel."""

import ssl
from typing import Any, cast


class Tls(ssl.SSLObject):
    """TLS of one connection. Neither event loop shows the buffer that it reads from: `incoming`."""

    incoming: ssl.MemoryBIO

    def reads_from(self, incoming: ssl.MemoryBIO) -> None:
        """This is the buffer."""
        self.incoming = incoming


def tls_context(ca_file: str) -> ssl.SSLContext:
    """What the upstream must prove: a certificate for its name, from an authority of the system or of `ca_file`.

    What a loop makes with it is `Tls`. Raises OSError or ssl.SSLError when `ca_file` cannot be used.
    """
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    context.set_alpn_protocols(["http/1.1"])
    context.sslobject_class = Tls
    wrap = context.wrap_bio

    def wrap_bio(incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *more: Any, **options: Any) -> Tls:
        tls = cast(Tls, wrap(incoming, outgoing, *more, **options))
        tls.reads_from(incoming)
        return tls

    context.wrap_bio = wrap_bio  # type: ignore[method-assign]
    return context
