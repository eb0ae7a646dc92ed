"""Which headers travel: ordered pairs of bytes, in and out, with names in the case in which they came."""

from collections.abc import Iterable

RawHeaders = Iterable[tuple[bytes, bytes]]
RawPairs = list[tuple[bytes, bytes]]
Pairs = list[tuple[str, str]]

# RFC 9110, section 7.6.1, with the older names that implementations still send (RFC 2616, section 13.5.1).
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)

TOKEN = b"x-sidestep-token"
"""Carries the local token: between a client and this proxy, and no further."""

# `Host` names this proxy; `Expect` has been answered here (RFC 9110, section 10.1.1 lets any hop do so).
_REQUEST_STAYS = HOP_BY_HOP | {b"host", b"expect", TOKEN}

# `Connection` may not take these away, whatever it names (RFC 9110, section 7.6.1): without its length a body would
# be read as the next message.
_NEVER_NAMED = frozenset({b"content-length"})

# What a reply of Sidestep's own says of itself. What begins so describes a body, or is between Sidestep and its client.
_OWN = HOP_BY_HOP | {b"cache-control", b"request-id"}
_OWN_BEGINNINGS = (b"content-", b"x-sidestep-")


def is_own(name: bytes) -> bool:
    """Whether a header, in lower case, is Sidestep's to set in its replies: no rule can, and none is repeated."""
    return name in _OWN or name.startswith(_OWN_BEGINNINGS)


def covers_own(prefix: bytes) -> bool:
    """Whether the name of such a header may begin with `prefix`, in lower case."""
    return is_own(prefix) or any(name.startswith(prefix) for name in (*_OWN, *_OWN_BEGINNINGS))


def request_headers(raw: RawHeaders) -> RawPairs:
    """The headers of a request that go on to the upstream: order, case, duplicates and values as they came."""
    return _end_to_end(raw, _REQUEST_STAYS)


def response_headers(raw: RawHeaders) -> RawPairs:
    """The headers of a reply that go back to the client, likewise."""
    return _end_to_end(raw, HOP_BY_HOP)


def _end_to_end(raw: RawHeaders, stays: frozenset[bytes]) -> RawPairs:
    pairs = [*raw]
    names = [name.lower() for name, _ in pairs]
    if b"connection" in names:
        stays = stays.union(tokens(pairs, b"connection")) - _NEVER_NAMED
    return [pair for name, pair in zip(names, pairs, strict=True) if name not in stays]


def tokens(raw: RawHeaders, name: bytes) -> list[bytes]:
    """The comma-separated members of every header called `name` (in lower case), in lower case."""
    found = (value.split(b",") for key, value in raw if key.lower() == name)
    return [member for members in found for part in members if (member := part.strip(b" \t").lower())]


def values(raw: RawHeaders, name: bytes) -> list[bytes]:
    """The value of every header called `name` (in lower case)."""
    return [value for key, value in raw if key.lower() == name]


def text_pairs(raw: RawHeaders) -> Pairs:
    """All headers as text; bytes that are not UTF-8 become lone surrogates."""
    return [(_text(name), _text(value)) for name, value in raw]


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
