"""Which headers travel, and that those arrive as they were sent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.headers import HOP_BY_HOP, are_utf8, first_values, request_headers, response_headers

RESERVED = HOP_BY_HOP | {"host", "expect"}
BOTH = pytest.mark.parametrize("travel", [request_headers, response_headers])


def text_of(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


NAMES = st.binary(min_size=1, max_size=12).filter(lambda name: text_of(name).lower() not in RESERVED)
VALUES = st.binary(max_size=20)
HOP_NAMES = st.sampled_from(sorted(HOP_BY_HOP - {"connection"})).flatmap(
    lambda name: st.sampled_from([name.encode(), name.title().encode(), name.upper().encode()])
)


@BOTH
@pytest.mark.parametrize("name", sorted(HOP_BY_HOP))
@pytest.mark.parametrize("case", [str.lower, str.title, str.upper])
def test_hop_by_hop_headers_stay_here_in_any_case(travel, name, case) -> None:
    raw = [(b"A", b"1"), (case(name).encode(), b"x"), (b"B", b"2")]
    assert travel(raw) == [("A", "1"), ("B", "2")]


@pytest.mark.parametrize(
    "name",
    [
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "proxy-authenticate",
        "proxy-authorization",
    ],
)
def test_the_names_of_the_standard_are_hop_by_hop(name: str) -> None:
    assert name in HOP_BY_HOP


@BOTH
@pytest.mark.parametrize(
    "connection", [[b"X-Gone"], [b"close, x-gone"], [b"keep-alive ,\tX-GONE ,"], [b"close", b"x-gone"], [b",, x-gone"]]
)
def test_headers_that_connection_names_stay_here(travel, connection: list[bytes]) -> None:
    raw = [(b"x-gone", b"1"), *((b"Connection", value) for value in connection), (b"X-Gone", b"2"), (b"X-Kept", b"3")]
    assert travel(raw) == [("X-Kept", "3")]


@BOTH
def test_what_a_nameless_connection_names_is_nothing(travel) -> None:
    assert travel([(b"Connection", b""), (b"", b"odd"), (b"A", b"1")])[-1] == ("A", "1")


def test_host_and_expect_are_for_us_when_they_come_from_the_client() -> None:
    raw = [(b"Host", b"127.0.0.1:8787"), (b"EXPECT", b"100-continue"), (b"X-Host", b"1")]
    assert request_headers(raw) == [("X-Host", "1")]
    assert response_headers(raw) == [("Host", "127.0.0.1:8787"), ("EXPECT", "100-continue"), ("X-Host", "1")]


@BOTH
def test_order_case_duplicates_and_empty_values_stay(travel) -> None:
    raw = [
        (b"x-B", b"1"),
        (b"X-a", b""),
        (b"X-b", b"1"),
        (b"x-B", b"2"),
        (b"Set-Cookie", b"a=1"),
        (b"set-cookie", b"b"),
    ]
    assert travel(raw) == [(name.decode(), value.decode()) for name, value in raw]


@BOTH
@pytest.mark.parametrize("name", [b"authorization", b"Content-Length", b"Accept-Encoding", b"Date", b"x-api-key"])
def test_headers_of_the_message_itself_travel(travel, name: bytes) -> None:
    assert travel([(name, b"value")]) == [(name.decode(), "value")]


@BOTH
@pytest.mark.parametrize("value", [b"caf\xe9", "café".encode(), b"\xff\xfe\x80", b"\xed\xa0\x80"])
def test_bytes_that_are_not_utf8_are_carried_through(travel, value: bytes) -> None:
    [(_, text)] = travel([(b"X", value)])
    assert bytes_of(text) == value


@BOTH
@settings(deadline=None)
@given(pairs=st.lists(st.tuples(st.booleans(), NAMES, HOP_NAMES, VALUES), max_size=12))
def test_everything_else_is_untouched(travel, pairs: list[tuple[bool, bytes, bytes, bytes]]) -> None:
    raw = [(name if kept else hop, value) for kept, name, hop, value in pairs]
    sent = [(bytes_of(name), bytes_of(value)) for name, value in travel(raw)]
    assert sent == [(name, value) for kept, name, _, value in pairs if kept]


@pytest.mark.parametrize(
    ("pair", "utf8"),
    [
        ((b"X", b"plain"), True),
        ((b"X", "caf\u00e9 \u65e5".encode()), True),
        ((b"X", b""), True),
        ((b"X", b"caf\xe9"), False),
        ((b"X\xff", b"plain"), False),
        ((b"X", b"\xed\xa0\x80"), False),
    ],
)
def test_one_byte_that_is_not_utf8_is_noticed(pair: tuple[bytes, bytes], utf8: bool) -> None:
    assert are_utf8([(b"A", b"1"), pair, (b"B", b"2")]) is utf8
    assert are_utf8([])


def test_first_values_are_by_lower_case_name_and_the_first_stands() -> None:
    raw = [(b"User-Agent", b"one"), (b"X", b""), (b"user-agent", b"two"), (b"x", b"late"), (b"Y", b"caf\xe9")]
    assert first_values(raw) == {"user-agent": "one", "x": "", "y": "caf\udce9"}
