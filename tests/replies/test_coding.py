"""Content codings: every one of them, cut anywhere, whole and broken, and none that swells."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.replies import coding
from proxy.replies.coding import PIECE, CodingError, Pieces, TruncatedError, decoded, unpacked
from tests.cases import every

LIMIT = 1024 * 1024


def bare_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def sizeless_zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_content_size=False).compress(body)


PACKING: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("", lambda body: body),
    ("identity", lambda body: body),
    ("gzip", gzip.compress),
    ("x-gzip", gzip.compress),
    ("GZIP", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", bare_deflate),
    ("br", brotli.compress),
    ("zstd", zstandard.compress),
    ("zstd", sizeless_zstd),
    ("zstd, gzip", lambda body: gzip.compress(zstandard.compress(body))),
    ("gzip , br", lambda body: brotli.compress(gzip.compress(body))),
    ("identity, deflate,", zlib.compress),
]
CODED = [packing for packing in PACKING if packing[0] not in ("", "identity")]


def beginning(body: bytes, codings: str) -> bytes:
    """All that can be had of a body, which must be an incomplete one."""
    pieces, found = unpacked(body, codings, LIMIT), bytearray()

    def take_all() -> None:
        for piece in pieces:
            found.extend(piece)

    with pytest.raises(TruncatedError):
        take_all()
    return bytes(found)


# Some that pack well, some that do not, and more than one piece's worth.
bodies = st.one_of(
    st.binary(max_size=2000), st.binary(min_size=1, max_size=9).map(lambda part: part * (3 * PIECE // 4))
)


@pytest.mark.parametrize(("codings", "pack"), PACKING)
@settings(max_examples=25)  # for each of 13 codings
@given(body=bodies)
def test_what_was_packed_is_unpacked(codings: str, pack: Callable[[bytes], bytes], body: bytes) -> None:
    assert decoded(pack(body), codings, LIMIT) == body


@pytest.mark.parametrize(
    ("codings", "pack"), [("gzip", gzip.compress), ("zstd", sizeless_zstd), ("zstd", zstandard.compress)]
)
def test_members_and_frames_one_after_another_are_one_body(codings: str, pack: Callable[[bytes], bytes]) -> None:
    assert decoded(pack(b"one ") + pack(b"") + pack(b"two"), codings, LIMIT) == b"one two"


def test_what_follows_a_body_and_is_none_is_left_alone() -> None:
    assert decoded(gzip.compress(b"body") + b"\0" * 512, "gzip", LIMIT) == b"body"


@pytest.mark.parametrize(("codings", "pack"), CODED)
@settings(max_examples=30)  # for each of 11 codings
@given(data=st.data())
def test_of_a_body_that_breaks_off_a_beginning_is_read(
    codings: str, pack: Callable[[bytes], bytes], data: st.DataObject
) -> None:
    body = data.draw(st.binary(min_size=1, max_size=400))
    packed = pack(body)
    assert body.startswith(beginning(packed[: data.draw(st.integers(0, len(packed) - 1))], codings))


def flushed(name: str, parts: list[bytes]) -> bytes:
    """A stream that is flushed behind every part, and never ends."""
    if name == "br":
        packer = brotli.Compressor()
        return b"".join(packer.process(part) + packer.flush() for part in parts)
    if name == "zstd":
        stream = zstandard.ZstdCompressor().compressobj()
        return b"".join(stream.compress(part) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for part in parts)
    packed = zlib.compressobj(wbits={"gzip": 31, "deflate": 15}[name])
    return b"".join(packed.compress(part) + packed.flush(zlib.Z_SYNC_FLUSH) for part in parts)


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_of_a_stream_that_breaks_off_all_that_was_flushed_is_read(name: str) -> None:
    assert beginning(flushed(name, [b"first, ", b"second"]), name) == b"first, second"


@every(
    ("codings", "body"),
    [
        ("rot13", b"x"),
        ("gzip", b"no gzip"),
        ("deflate", b"\x78\x9cno deflate"),
        ("br", b"no brotli at all"),
        ("zstd", b"no zstd"),
        ("br, rot13", b""),
    ],
)
def test_what_is_not_what_it_says_is_refused(codings: str, body: bytes) -> None:
    with pytest.raises(CodingError):
        decoded(body, codings, LIMIT)


@pytest.mark.parametrize(("codings", "pack"), CODED)
def test_what_swells_beyond_measure_is_refused_in_bounded_pieces(codings: str, pack: Callable[[bytes], bytes]) -> None:
    bomb = pack(b"0" * (20 * LIMIT))
    with pytest.raises(CodingError, match="larger than is read"):
        decoded(bomb, codings, LIMIT)
    assert max(map(len, unpacked(bomb, codings, 20 * LIMIT))) <= 8 * LIMIT


def test_more_codings_than_anybody_uses_are_not_undone() -> None:
    """Each is a generator inside the next one, and a header has room for tens of thousands."""
    body = b"x"
    for _ in range(4):
        body = gzip.compress(body)
    with pytest.raises(CodingError, match="too many codings"):
        decoded(body, "gzip, gzip, gzip, gzip", LIMIT)
    with pytest.raises(CodingError, match="too many codings"):
        decoded(body, ", ".join(["gzip"] * 10_000), LIMIT)
    assert decoded(gzip.decompress(body), "gzip, gzip, gzip", LIMIT) == b"x"


NOTHING = {
    "gzip": (b"\x1f\x8b\x08\0\0\0\0\0\0\xff", b"\0\0\0\xff\xff"),
    "gzip members": (b"", gzip.compress(b"")),
    "deflate": (b"\x78\x9c", b"\0\0\0\xff\xff"),
    "br": (b"\x0c", b"\x06"),
    "zstd": (b"\x28\xb5\x2f\xfd\0\x58", b"\0\0\0"),
    "zstd frames": (b"", zstandard.compress(b"")),
}
"""How a body begins, and what of it may be repeated without end and comes to nothing: empty blocks, members, frames."""


@pytest.mark.parametrize("layers", [0, 2])
@pytest.mark.parametrize("name", NOTHING)
def test_what_is_undone_at_length_and_comes_to_nothing_is_given_up(
    name: str, layers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outer layers make much of little: 64 MiB here, and 200 GiB of a reply of 751 KiB."""
    given = [0, 0]

    def counted(pieces: Pieces) -> Iterator[bytes]:
        for piece in cut(pieces):
            given[0] += len(piece)
            given[1] += 1
            yield piece

    cut = coding._cut
    monkeypatch.setattr(coding, "_cut", counted)
    start, part = NOTHING[name]
    body = start + part * ((8 if not layers else 64) * 1024 * 1024 // len(part))
    for _ in range(layers):
        body = gzip.compress(body, 1)
    codings = ", ".join([name.partition(" ")[0], *["gzip"] * layers])
    with pytest.raises(CodingError):
        decoded(body, codings, LIMIT)
    assert given[0] <= (layers + 1) * coding._MOST_PACKED
    assert given[1] <= (layers + 1) * coding._MOST_STEPS


@given(st.binary(max_size=300), st.sampled_from([codings for codings, _ in PACKING]))
def test_no_bytes_can_break_it(body: bytes, codings: str) -> None:
    with suppress(CodingError):
        assert isinstance(decoded(body, codings, LIMIT), bytes)
