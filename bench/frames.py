"""Frames that carry the time at which they were sent, and how late they arrived: the pure part of the stream rows.

Times are nanoseconds of the monotonic clock, which all processes of a machine share.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

LAST_CHUNK = b"0\r\n\r\n"

SHORT_REPLY = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_01","role":"assistant"}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0}\n\n'
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"text":"It is."}}\n\n'
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":3}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)

_SENT = re.compile(rb'"sent":(\d+)')


class NotAReplyError(ValueError):
    """What arrived is not a chunked 200 reply."""


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body (RFC 9112, section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def frame(sent: int) -> bytes:
    """One event of a stream, as the API sends them, and when it was sent."""
    return (
        b"event: content_block_delta\n"
        b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" and so on"},'
        b'"sent":%d}\n\n' % sent
    )


@dataclass(slots=True)
class Unchunker:
    """A chunked 200 reply to the bytes of its body, whatever pieces it arrives in."""

    ended: bool = False
    _raw: bytes = b""
    _head_done: bool = False

    def feed(self, data: bytes) -> bytes:
        """The body's bytes that are complete with `data`. Raises NotAReplyError."""
        self._raw += data
        if not self._head_done and not self._head():
            return b""
        found = []
        while not self.ended:
            line, separator, rest = self._raw.partition(b"\r\n")
            if not separator:
                break
            size = int(line, 16)
            if len(rest) < size + 2:
                break
            found.append(rest[:size])
            self._raw, self.ended = rest[size + 2 :], size == 0
        return b"".join(found)

    def _head(self) -> bool:
        head, separator, rest = self._raw.partition(b"\r\n\r\n")
        if not separator:
            return False
        if not head.startswith(b"HTTP/1.1 200 ") or b"chunked" not in head.lower():
            raise NotAReplyError(head.split(b"\r\n")[0].decode("latin-1"))
        self._raw, self._head_done = rest, True
        return True


@dataclass(slots=True)
class Delays:
    """How late each frame of a reply arrived, in nanoseconds, and whether the reply came to its end."""

    frames: list[int] = field(default_factory=list)
    ended: bool = False


def delays(arrivals: Iterable[tuple[int, bytes]]) -> Delays:
    """Delays of the frames in a reply, given what arrived and when. A frame is there when its last byte is.

    Raises NotAReplyError when it is not a chunked 200 reply.
    """
    unchunker, found, text = Unchunker(), Delays(), b""
    for at, data in arrivals:
        *whole, text = (text + unchunker.feed(data)).split(b"\n\n")
        sent = (_SENT.search(event) for event in whole)
        found.frames += [at - int(match[1]) for match in sent if match]
    found.ended = unchunker.ended and not text
    return found
