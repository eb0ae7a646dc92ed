"""HTTP/1.1 as the upstream speaks it, without a socket: heads and body framing, bytes in and bytes out (RFC 9112)."""
