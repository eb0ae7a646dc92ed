"""Decodes content codings (RFC 9110, section 8.4) in pieces of bounded size.

Input, output and the number of steps are bounded: data can be crafted that expands without limit, or that takes long
to decode and yields nothing.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping

PIECE = 64 * 1024
"""Bytes that a decoder returns at once, about; zstd may return 8 MiB for crafted data."""

_MOST_CODINGS = 3
_MOST_PACKED = 8 * 1024 * 1024
"""Bytes of input of each coding."""
_MOST_STEPS = 64 * 1024
"""Calls of a decoder. A normal body needs one per 16 KiB of input (zstd: 256 bytes) and per 64 KiB of output."""
_TAKEN = 16 * 1024
"""Bytes given to a decoder at once. More would be slow: what it does not consume is copied each time."""
_ZSTD_INPUT = 256
"""Bytes given to zstd at once. Its output cannot be bounded: four bytes may expand to 128 KiB (RFC 8878, RLE)."""
_ZSTD_WINDOW = 8 * 1024 * 1024
"""The window that decoders must support and encoders must not exceed (RFC 9659)."""
_GZIP = 16 + zlib.MAX_WBITS

Pieces = Iterable[bytes]


class CodingError(ValueError):
    """The data does not match its codings, or these are unknown."""


class TruncatedError(CodingError):
    """The data is valid but incomplete; all that could be decoded was returned."""


def decoded(body: bytes, codings: str, limit: int) -> bytes:
    """The decoded body. Raises `CodingError`, also if it is larger than `limit` or incomplete."""
    return b"".join(unpacked(body, codings, limit))


def unpacked(body: bytes, codings: str, limit: int) -> Iterator[bytes]:
    """The decoded body in pieces; `codings` is the value of Content-Encoding, whose last coding is decoded first.

    Raises `CodingError` for bad data, for more than `limit` bytes and for too many steps, and `TruncatedError` after
    the last piece of an incomplete body.
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
    """The pieces without empty ones; each of all is a step."""
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


# Each decoder yields a piece for every step, which may be empty.


def _ungzipped(pieces: Pieces) -> Iterator[bytes]:
    """One member or several (RFC 1952, section 2.2); anything else that follows, such as padding, is ignored."""
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
    """`deflate` means zlib's format (RFC 9110, section 8.4.1.2), but some servers omit its header; two bytes tell."""
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
    import brotli  # imported here, since few processes need it

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
    """One frame or several, with or without a content size."""
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
