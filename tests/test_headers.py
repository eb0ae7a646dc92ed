"""Which headers travel, and that those arrive as they were sent."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.headers import (
    HOP_BY_HOP,
    TOKEN_HEADER,
    RawPairs,
    drop_from_reply,
    drop_from_request,
    lines,
    names_of,
    request_lines,
    tokens,
)
from tests.cases import every

RESERVED = HOP_BY_HOP | {b"host", b"expect", TOKEN_HEADER}
Travel = Callable[[RawPairs], RawPairs]


def from_reply(raw: RawPairs) -> RawPairs:
    return drop_from_reply(raw, names_of(raw))


BOTH = pytest.mark.parametrize("travel", [drop_from_request, from_reply])


NAMES = st.binary(min_size=1, max_size=12).filter(lambda name: name.lower() not in RESERVED and b"\n" not in name)
VALUES = st.binary(max_size=20)
HOP_NAMES = st.sampled_from(sorted(HOP_BY_HOP - {b"connection"})).flatmap(
    lambda name: st.sampled_from([name, name.title(), name.upper()])
)


@BOTH
@every("name", sorted(HOP_BY_HOP))
@every("case", [bytes.lower, bytes.title, bytes.upper])
def test_hop_by_hop_headers_stay_here_in_any_case(travel: Travel, name: bytes, case: Callable[[bytes], bytes]) -> None:
    raw = [(b"A", b"1"), (case(name), b"x"), (b"B", b"2")]
    assert travel(raw) == [(b"A", b"1"), (b"B", b"2")]


@every(
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
    assert name.encode() in HOP_BY_HOP


@BOTH
@every(
    "connection", [[b"X-Gone"], [b"close, x-gone"], [b"keep-alive ,\tX-GONE ,"], [b"close", b"x-gone"], [b",, x-gone"]]
)
def test_headers_that_connection_names_stay_here(travel: Travel, connection: list[bytes]) -> None:
    raw = [(b"x-gone", b"1"), *((b"Connection", value) for value in connection), (b"X-Gone", b"2"), (b"X-Kept", b"3")]
    assert travel(raw) == [(b"X-Kept", b"3")]


@BOTH
def test_what_a_nameless_connection_names_is_nothing(travel: Travel) -> None:
    assert travel([(b"Connection", b""), (b"", b"odd"), (b"A", b"1")])[-1] == (b"A", b"1")


def test_host_and_expect_are_for_us_when_they_come_from_the_client() -> None:
    raw = [(b"Host", b"127.0.0.1:8787"), (b"EXPECT", b"100-continue"), (b"X-Host", b"1")]
    assert drop_from_request(raw) == [(b"X-Host", b"1")]
    assert from_reply(raw) == raw


@BOTH
def test_order_case_duplicates_and_empty_values_stay(travel: Travel) -> None:
    raw = [
        (b"x-B", b"1"),
        (b"X-a", b""),
        (b"X-b", b"1"),
        (b"x-B", b"2"),
        (b"Set-Cookie", b"a=1"),
        (b"set-cookie", b"b"),
    ]
    assert travel(raw) == raw


@BOTH
@every("name", [b"authorization", b"Content-Length", b"Accept-Encoding", b"Date", b"x-api-key"])
def test_headers_of_the_message_itself_travel(travel: Travel, name: bytes) -> None:
    assert travel([(name, b"value")]) == [(name, b"value")]


@BOTH
@pytest.mark.parametrize("value", [b"caf\xe9", "café".encode(), b"\xff\xfe\x80", b"\xed\xa0\x80"])
def test_bytes_that_are_not_utf8_are_carried_through(travel: Travel, value: bytes) -> None:
    assert travel([(b"X", value)]) == [(b"X", value)]


@BOTH
@settings(deadline=None)
@given(pairs=st.lists(st.tuples(st.booleans(), NAMES, HOP_NAMES, VALUES), max_size=12))
def test_everything_else_is_untouched(travel: Travel, pairs: list[tuple[bool, bytes, bytes, bytes]]) -> None:
    raw = [(name if kept else hop, value) for kept, name, hop, value in pairs]
    assert travel(raw) == [(name, value) for kept, name, _, value in pairs if kept]


@settings(deadline=None)
@given(
    raw=st.lists(st.tuples(NAMES | HOP_NAMES | st.sampled_from([b"Host", b"X-%b", b"%", b"%%s"]), VALUES), max_size=12),
    connection=st.sampled_from([b"keep-alive", b"close", b"X-%b", b""]) | st.none(),
)
def test_the_lines_of_a_request_are_those_of_the_headers_that_travel(raw: RawPairs, connection: bytes | None) -> None:
    raw = raw if connection is None else [*raw, (b"Connection", connection)]
    assert request_lines(raw) == lines(drop_from_request(raw))


@BOTH
def test_connection_cannot_take_the_length_of_a_body_away(travel: Travel) -> None:
    raw = [(b"Connection", b"close, Content-Length"), (b"Content-Length", b"3")]
    assert travel(raw) == raw[1:]


def test_the_local_token_goes_no_further() -> None:
    assert drop_from_request([(b"X-SideStep-Token", b"planted"), (b"A", b"1")]) == [(b"A", b"1")]


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ([], []),
        ([(b"Upgrade", b"WebSocket")], [b"websocket"]),
        ([(b"Upgrade", b"\x0ba\x0c,\r\nb")], [b"\x0ba\x0c", b"\r\nb"]),
        ([(b"upgrade", b" a ,, B\t"), (b"X", b"c"), (b"UPGRADE", b"d")], [b"a", b"b", b"d"]),
    ],
)
def test_the_members_of_a_list_are_gathered_from_all_headers_of_its_name(
    raw: list[tuple[bytes, bytes]], found: list[bytes]
) -> None:
    assert tokens(raw, b"upgrade") == found
