"""HTTP/1.1 without a socket, bytes in and bytes out: the upstream's replies, the client's requests (RFC 9112)."""
