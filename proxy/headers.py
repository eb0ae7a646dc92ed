"""Which headers travel: ordered pairs of bytes in, ordered pairs of text out, names in the case they came in."""

from collections.abc import Iterable

RawHeaders = Iterable[tuple[bytes, bytes]]
Pairs = list[tuple[str, str]]

# RFC 9110, section 7.6.1, with the older names that implementations still send (RFC 2616, section 13.5.1).
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

# `Host` names this proxy; `Expect` has been answered here (RFC 9110, section 10.1.1 lets any hop do so).
_FOR_US = frozenset({"host", "expect"})

# What aiohttp's server puts into a reply that lacks them.
INVENTED = ("Content-Type", "Date", "Server")


def request_headers(raw: RawHeaders) -> Pairs:
    """The headers of a request that go on to the upstream: order, case, duplicates and values as they came."""
    return _end_to_end(raw, _FOR_US)


def response_headers(raw: RawHeaders) -> Pairs:
    """The headers of a reply that go back to the client, likewise."""
    return _end_to_end(raw, frozenset())


def text_pairs(raw: RawHeaders) -> Pairs:
    """All headers as text; bytes that are not UTF-8 become lone surrogates."""
    return [(_text(name), _text(value)) for name, value in raw]


def _end_to_end(raw: RawHeaders, others: frozenset[str]) -> Pairs:
    pairs = text_pairs(raw)
    named = {
        token.strip().lower() for name, value in pairs if name.lower() == "connection" for token in value.split(",")
    }
    dropped = HOP_BY_HOP | others | named
    return [(name, value) for name, value in pairs if name.lower() not in dropped]


def are_utf8(raw: RawHeaders) -> bool:
    """Whether these headers can be sent on unchanged: aiohttp writes UTF-8 and silently drops any other byte."""
    try:
        for name, value in raw:
            name.decode()
            value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def first_values(raw: RawHeaders) -> dict[str, str]:
    """Lower-case names to the first value of each."""
    values: dict[str, str] = {}
    for name, value in raw:
        values.setdefault(_text(name).lower(), _text(value))
    return values
