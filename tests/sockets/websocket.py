"""Just enough of RFC 6455, by hand, to be either end of a WebSocket."""

import base64
import hashlib
from dataclasses import dataclass

from tests.raw import Peer

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="


def accept(key: bytes) -> bytes:
    """The `Sec-WebSocket-Accept` that answers a key (section 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False).digest())


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame (section 5.2); an opcode of 0 continues the message before it."""

    opcode: int
    payload: bytes
    fin: bool = True

    def encode(self, mask: bytes = b"") -> bytes:
        """As bytes; a client gives four bytes of mask."""
        size = len(self.payload)
        short = size if size < 126 else 126 if size < 65536 else 127
        extended = b"" if size < 126 else size.to_bytes(2 if size < 65536 else 8, "big")
        start = bytes([self.opcode | self.fin << 7, short | bool(mask) << 7])
        return start + extended + mask + _masked(self.payload, mask)


def closing(code: int, reason: bytes) -> Frame:
    return Frame(CLOSE, code.to_bytes(2, "big") + reason)


async def read_frame(peer: Peer) -> tuple[Frame, bool]:
    """The next frame, and whether it was masked."""
    first, second = await peer.reader.readexactly(2)
    size = second & 127
    if size > 125:
        size = int.from_bytes(await peer.reader.readexactly(2 if size == 126 else 8), "big")
    mask = await peer.reader.readexactly(4) if second & 128 else b""
    payload = _masked(await peer.reader.readexactly(size), mask)
    return Frame(first & 15, payload, bool(first & 128)), bool(mask)


async def read_message(peer: Peer) -> Frame:
    """The next message, put together if it came in fragments, or control frame between messages."""
    whole, _ = await read_frame(peer)
    while not whole.fin:
        part, _ = await read_frame(peer)
        assert part.opcode == 0
        whole = Frame(whole.opcode, whole.payload + part.payload, part.fin)
    return whole


def _masked(data: bytes, mask: bytes) -> bytes:
    return bytes(byte ^ mask[index % 4] for index, byte in enumerate(data)) if mask else data
