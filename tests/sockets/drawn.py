"""Random HTTP/1.1 messages for Hypothesis: all are valid (RFC 9110, RFC 9112), and say what of them has to arrive."""

import asyncio
from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import strategies as st

from tests.raw import Peer

Fields = list[tuple[bytes, bytes]]

_ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_TCHAR = "!#$%&'*+-.^_`|~" + _ALPHANUMERIC
_VCHAR = [chr(code) for code in range(0x21, 0x7F)]
_TEXT = [*_VCHAR, " ", "\t", *map(chr, range(0x80, 0x100))]
"""What a field value and a reason may hold: VCHAR, blanks, obs-text (RFC 9110, section 5.5; RFC 9112, section 4)."""

# What libraries on the way are tempted to read, merge, sort, or put in themselves.
_TEMPTING = [
    *("accept", "accept-encoding", "anthropic-beta", "anthropic-version", "authorization", "cache-control"),
    *("content-encoding", "content-type", "cookie", "date", "etag", "location", "priority", "request-id"),
    *("retry-after", "server", "set-cookie", "user-agent", "vary", "via", "x-api-key"),
]

# Of these, no sender may send two (RFC 9110, section 5.3).
_SINGLE = {"authorization", "content-type", "date", "etag", "location", "retry-after", "server", "user-agent"}

HOP_BY_HOP = [
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
    *("te", "trailer", "transfer-encoding", "upgrade"),
]
"""RFC 9110, section 7.6.1, with what RFC 2616, section 13.5.1, named beside it."""

# These mean something to a proxy on its way; tests of their own hold what they do.
_NOT_DRAWN = {*HOP_BY_HOP, "content-length", "expect", "host", "origin", "sec-fetch-site", "x-sidestep-token"}


def _recased(name: str, bits: int) -> str:
    return "".join(char.upper() if bits >> place & 1 else char for place, char in enumerate(name))


def _cased(names: list[str]) -> st.SearchStrategy[str]:
    return st.builds(_recased, st.sampled_from(names), st.integers(0, 2**24 - 1))


NAMES = st.one_of(_cased(_TEMPTING), st.text(_TCHAR, min_size=1, max_size=24)).filter(
    lambda name: name.lower() not in _NOT_DRAWN
)
VALUES = st.one_of(
    st.just(b""), st.text(_TEXT, max_size=60).map(lambda text: text.encode("latin-1").strip(b" \t"))
) | st.integers(1_000, 16_384).map(lambda size: b"v" * size)
BODIES = st.binary(max_size=300) | st.builds(lambda piece, times: piece * times, st.binary(max_size=40), st.just(3_000))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A message to send: its start line, all fields, those that have to arrive, the body, and how it is written.

    `raw` is everything behind the start line. `turns` maps a position in the message to how many turns of the event
    loop pass there between two writes.
    """

    start: bytes
    kept: Fields = field(repr=False)
    body: bytes = field(repr=False)
    raw: bytes
    turns: dict[int, int] = field(default_factory=dict)
    closes: bool = False
    """Whether the end of the connection is the end of the body."""

    async def send(self, peer: Peer) -> None:
        message = self.start + b"\r\n" + self.raw
        cuts = sorted({0, len(message), *(place % len(message) for place in self.turns)})
        for begin, end in pairwise(cuts):
            await peer.send(message[begin:end])
            for _ in range(self.turns.get(end, 0)):
                await asyncio.sleep(0)


@st.composite
def _fields(draw: st.DrawFn) -> tuple[Fields, Fields]:
    """All fields of a head but the framing's, and of these the ones that travel on."""
    drawn = draw(st.lists(st.tuples(NAMES, VALUES), max_size=8))
    hops = draw(st.lists(st.tuples(NAMES, VALUES), max_size=2, unique_by=lambda pair: pair[0].lower()))
    named = {name.lower() for name, _ in hops}
    kept = [
        (name.encode(), value)
        for place, (name, value) in enumerate(drawn)
        if name.lower() not in named
        and not (name.lower() in _SINGLE and any(name.lower() == other.lower() for other, _ in drawn[:place]))
    ]
    dropped = [(name.encode(), value) for name, value in hops]
    dropped += [(b"Connection", ", ".join(["keep-alive", *named]).encode())] if hops else []
    dropped += draw(st.sampled_from([[], [(b"Keep-Alive", b"timeout=5")], [(b"TE", b"gzip")]]))
    order = draw(st.permutations([*[True] * len(kept), *[False] * len(dropped)]))
    remaining, gone = iter(kept), iter(dropped)
    return [next(remaining if stays else gone) for stays in order], kept


@st.composite
def _chunked(draw: st.DrawFn, body: bytes) -> bytes:
    """The body cut anywhere, with extensions and a trailer section now and then (RFC 9112, section 7.1)."""
    places = draw(st.lists(st.integers(0, len(body)), max_size=6))
    style = draw(st.sampled_from([b"%x\r\n", b"%X\r\n", b"000%x\r\n", b"%x;a=b\r\n", b'%x;a="b c"\r\n']))
    pieces = [body[begin:end] for begin, end in pairwise(sorted({0, *places, len(body)}))]
    trailer = draw(st.sampled_from([b"", b"", b"X-Checksum: 1\r\n", b"X-B: 2\r\nX-A:\r\n"]))
    return b"".join(style % len(piece) + piece + b"\r\n" for piece in pieces) + b"0\r\n" + trailer + b"\r\n"


@st.composite
def _message(draw: st.DrawFn, start: bytes, first: Fields, framings: list[str]) -> Drawn:
    fields, kept = draw(_fields())
    framing = draw(st.sampled_from(framings))
    body = b"" if framing == "none" else draw(BODIES)
    place = draw(st.integers(0, len(fields)))
    if framing == "length":
        length = (draw(_cased(["content-length"])).encode(), b"%d" % len(body))
        before = sum(1 for one in fields[:place] if any(one is other for other in kept))
        fields, kept = [*fields[:place], length, *fields[place:]], [*kept[:before], length, *kept[before:]]
    elif framing == "chunked":
        fields = [*fields[:place], (draw(_cased(["transfer-encoding"])).encode(), b"chunked"), *fields[place:]]
    blank = draw(st.sampled_from([b"", b" ", b"\t ", b" \t\t"]))
    # The server's parser (llhttp) refuses a request whose coding has a tab behind it: safe, and nobody sends that.
    spare = [b"transfer-encoding"] if first else []
    lines = [(name, value, b" " if name.lower() in spare else blank) for name, value in first + fields]
    head = b"".join(b"%s:%s%s%s\r\n" % (name, blank, value, behind) for name, value, behind in lines) + b"\r\n"
    raw = head + (draw(_chunked(body)) if framing == "chunked" else body)
    end = len(start) + 2 + len(raw)
    turns = draw(st.dictionaries(st.integers(1, end - 1), st.integers(0, 3), max_size=8))
    return Drawn(start, kept, body, raw, turns, framing == "close")


@st.composite
def requests(draw: st.DrawFn, port: int) -> Drawn:
    method = draw(st.sampled_from(["POST", "POST", "PUT", "PATCH", "DELETE", "GET", "OPTIONS"]))
    rest = draw(st.text([char for char in _VCHAR if char != "#"], max_size=30))
    target = draw(st.sampled_from(["/v1/messages", "/v1/messages?beta=true", "/x" + rest, "/" + rest.lstrip("-")]))
    host = [(draw(_cased(["host"])).encode(), b"127.0.0.1:%d" % port)]
    framings = ["length", "chunked"] if method.startswith("P") else ["none", "length", "chunked"]
    return draw(_message(f"{method} {target} HTTP/1.1".encode(), host, framings))


@st.composite
def replies(draw: st.DrawFn) -> Drawn:
    status = draw(st.sampled_from([200, 529]) | st.integers(200, 599).filter(lambda code: code not in (204, 205, 304)))
    reason = draw(st.text(_TEXT, max_size=20)).encode("latin-1").strip(b" \t")
    return draw(_message(b"HTTP/1.1 %d %s" % (status, reason), [], ["length", "chunked", "close"]))
