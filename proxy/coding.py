"""Content codings undone (RFC 9110, section 8.4), in pieces of bounded size: nothing here can be made to swell.

Nor to go on without end: what each coding takes, what comes out of it, and its steps are bounded, since data can be
made that is undone at length and comes to nothing.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping

PIECE = 64 * 1024
"""Bytes that a decoder gives out at once, about; zstd may give 8 MiB, where its data is made for it."""

_MOST_CODINGS = 3
_MOST_PACKED = 8 * 1024 * 1024
"""Bytes that may go into one coding; a layer below another included."""
_MOST_STEPS = 64 * 1024
"""Calls of a decoder: a good body takes one for 16 KiB (zstd: 256 bytes) that go in, and for 64 that come out."""
_TAKEN = 16 * 1024
"""Bytes given to a decoder at once: what it leaves over is copied again and again."""
_ZSTD_INPUT = 256
"""Bytes given to zstd at once, whose output cannot be bounded: four of them can stand for 128 KiB (RFC 8878, RLE)."""
_ZSTD_WINDOW = 8 * 1024 * 1024
"""What a decoder must support, and an encoder not exceed (RFC 9659)."""
_GZIP = 16 + zlib.MAX_WBITS

Pieces = Iterable[bytes]


class CodingError(ValueError):
    """The data is not what its codings say, or they are unknown."""


class TruncatedError(CodingError):
    """The data is right as far as it goes; all that could be read of it has been given out."""


def whole(body: bytes, codings: str, limit: int) -> bytes:
    """The plain body. Raises `CodingError`, also when it is larger than `limit` or incomplete."""
    return b"".join(unpacked(body, codings, limit))


def unpacked(body: bytes, codings: str, limit: int) -> Iterator[bytes]:
    """The plain body in pieces; `codings` is the value of Content-Encoding, the last of them undone first.

    Raises `CodingError` where it goes wrong, comes to more than `limit` bytes or takes too much work, and
    `TruncatedError` behind the last piece of an incomplete one.
    """
    names = [name for part in codings.split(",") if (name := part.strip().lower()) not in ("", "identity")]
    if len(names) > _MOST_CODINGS:
        raise CodingError("too many codings")
    pieces: Iterator[bytes] = iter((body,))
    for name in reversed(names):
        if name not in _DECODERS:
            raise CodingError("an unknown coding")
        pieces = _DECODERS[name](_cut(_bounded(pieces, _MOST_PACKED)))
    return _bounded(pieces, limit)


def _bounded(pieces: Pieces, limit: int) -> Iterator[bytes]:
    """The pieces that are not empty, each of which was a step."""
    for number, piece in enumerate(pieces):
        limit -= len(piece)
        if limit < 0 or number >= _MOST_STEPS:
            raise CodingError("larger than is read" if limit < 0 else "more work than it is worth")
        if piece:
            yield piece


def _cut(pieces: Pieces) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), _TAKEN):
            yield piece[start : start + _TAKEN]


# Each gives a piece for every step, be it an empty one.


def _ungzipped(pieces: Pieces) -> Iterator[bytes]:
    """One member or several (RFC 1952, section 2.2); what follows and is none, such as padding, is left alone."""
    member, between = zlib.decompressobj(_GZIP), False
    for piece in pieces:
        rest = piece
        while rest:
            if between and not rest.startswith(b"\x1f"):
                return
            between = False
            yield from _inflated_piece(member, rest)
            rest = member.unused_data
            if member.eof:
                member, between = zlib.decompressobj(_GZIP), True
    if not between:
        raise TruncatedError("incomplete")


def _inflated(pieces: Pieces) -> Iterator[bytes]:
    """`deflate` is zlib's format (RFC 9110, section 8.4.1.2), and yet some send it bare: the first two bytes tell."""
    source, start = iter(pieces), b""
    while len(start) < 2:
        piece = next(source, None)
        if piece is None:
            raise TruncatedError("incomplete")
        start += piece
    wrapped = start[0] & 0x0F == zlib.DEFLATED and int.from_bytes(start[:2], "big") % 31 == 0
    stream = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
    yield from _inflated_piece(stream, start)
    for piece in source:
        if not stream.eof:
            yield from _inflated_piece(stream, piece)
    if not stream.eof:
        raise TruncatedError("incomplete")


def _inflated_piece(stream: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    while True:
        try:
            out = stream.decompress(data, PIECE)
        except zlib.error:
            raise CodingError("not deflate") from None
        yield out
        data = stream.unconsumed_tail
        if stream.eof or (not data and len(out) < PIECE):
            return


def _unbrotlied(pieces: Pieces) -> Iterator[bytes]:
    import brotli  # here, since few processes ever need it

    stream = brotli.Decompressor()
    try:
        for piece in pieces:
            if stream.is_finished():
                return
            yield (out := stream.process(piece, output_buffer_limit=PIECE))
            while not stream.is_finished() and (out or not stream.can_accept_more_data()):
                yield (out := stream.process(b"", output_buffer_limit=PIECE))
    except brotli.error:
        raise CodingError("not brotli") from None
    if not stream.is_finished():
        raise TruncatedError("incomplete")


def _unzstd(pieces: Pieces) -> Iterator[bytes]:
    """One frame or several, with their sizes told or not."""
    import zstandard  # likewise

    context = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    frame, between = context.decompressobj(), False
    try:
        for piece in pieces:
            for start in range(0, len(piece), _ZSTD_INPUT):
                rest = piece[start : start + _ZSTD_INPUT]
                while rest:
                    yield frame.decompress(rest)
                    between, rest = frame.eof, frame.unused_data
                    if between:
                        frame = context.decompressobj()
    except zstandard.ZstdError:
        raise CodingError("not zstd") from None
    if not between:
        raise TruncatedError("incomplete")


_DECODERS: Mapping[str, Callable[[Pieces], Iterator[bytes]]] = {
    "gzip": _ungzipped,
    "x-gzip": _ungzipped,
    "deflate": _inflated,
    "br": _unbrotlied,
    "zstd": _unzstd,
}
