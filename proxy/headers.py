"""Which headers travel: ordered pairs of bytes, in and out, with names in the case in which they came."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import compress
from operator import itemgetter
from typing import NamedTuple

RawHeaders = Sequence[tuple[bytes, bytes]]
RawPairs = list[tuple[bytes, bytes]]
Pairs = list[tuple[str, str]]

# RFC 9110, section 7.6.1, with the older names that implementations still send (RFC 2616, section 13.5.1).
HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding "
    b"upgrade".split()
)

TOKEN_HEADER = b"x-sidestep-token"
"""Carries the local token: between a client and this proxy, and no further."""

# `Host` names this proxy; `Expect` has been answered here (RFC 9110, section 10.1.1 lets any hop do so).
_DROPPED_FROM_REQUESTS = HOP_BY_HOP | {b"host", b"expect", TOKEN_HEADER}

# `Connection` may not take these away, whatever it names (RFC 9110, section 7.6.1): without its length a body would
# be read as the next message.
_NEVER_NAMED = frozenset({b"content-length"})

_LONGEST = 2048
"""What the names of a head say is remembered where they have no more bytes than this in all."""

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

_NAME = itemgetter(0)
_VALUE = itemgetter(1)

# Headers that only Sidestep sets in local replies: those that describe a body, or belong to Sidestep.
_RESERVED = HOP_BY_HOP | {b"cache-control", b"request-id"}
_RESERVED_PREFIXES = (b"content-", b"x-sidestep-")


def is_reserved(name: bytes) -> bool:
    """Whether a header, in lower case, is Sidestep's to set in its replies: no rule can, and none is repeated."""
    return name in _RESERVED or name.startswith(_RESERVED_PREFIXES)


def covers_reserved(prefix: bytes) -> bool:
    """Whether the name of a reserved header may begin with `prefix`, in lower case."""
    return is_reserved(prefix) or any(name.startswith(prefix) for name in (*_RESERVED, *_RESERVED_PREFIXES))


class Names(NamedTuple):
    """What the names of a head say, whatever the values are."""

    lower: tuple[bytes, ...]
    valid: bool
    """Whether all of them are tokens (RFC 9110, section 5.1)."""
    connection: tuple[int, ...]
    """Where `Connection` stands among them."""
    to_upstream: tuple[bool, ...]
    to_client: tuple[bool, ...]
    """Which of the headers travel, whatever `Connection` says."""
    lines: bytes
    """Those that travel to the upstream, as lines without their values: a format for these."""


NAMELESS = Names((), valid=True, connection=(), to_upstream=(), to_client=(), lines=b"")


# A client sends the same names with every request, an upstream with every reply. They are told apart as one text: to
# hash and to compare each of them takes longer.
@lru_cache(256)
def _read(joined: bytes) -> Names:
    names = tuple(joined.lower().split(b"\n"))
    to_upstream = tuple(name not in _DROPPED_FROM_REQUESTS for name in names)
    travelling = compress(joined.split(b"\n"), to_upstream)
    return Names(
        names,
        all(map(_TOKEN.fullmatch, names)),
        tuple(at for at, name in enumerate(names) if name == b"connection"),
        to_upstream,
        tuple(name not in HOP_BY_HOP for name in names),
        b"".join([name.replace(b"%", b"%%") + b": %b\r\n" for name in travelling]),
    )


def names_of(raw: RawHeaders) -> Names:
    """Of headers whose names hold no line end: no parser lets such a name in."""
    if not raw:
        return NAMELESS
    joined = b"\n".join(map(_NAME, raw))
    return _read(joined) if len(joined) <= _LONGEST else _read.__wrapped__(joined)


def drop_from_request(raw: RawHeaders) -> RawPairs:
    """The headers of a request that go on to the upstream: order, case, duplicates and values as they came."""
    names = names_of(raw)
    return _drop(raw, names, names.to_upstream, _DROPPED_FROM_REQUESTS)


def drop_from_reply(raw: RawHeaders, names: Names) -> RawPairs:
    """The headers of a reply that go back to the client, likewise; `names` are theirs."""
    return _drop(raw, names, names.to_client, HOP_BY_HOP)


def request_lines(raw: RawHeaders) -> bytes:
    """`lines(drop_from_request(raw))`, in half the time: of names that have come before, only the values are new."""
    names = names_of(raw)
    if _names_others(raw, names):
        return lines(drop_from_request(raw))
    return names.lines % tuple(compress(map(_VALUE, raw), names.to_upstream))


def lines(headers: RawHeaders) -> bytes:
    """Headers as they are sent (RFC 9112, section 5)."""
    return b"\r\n".join([*map(b": ".join, headers), b""])


def upgrade_headers(raw: RawHeaders) -> RawPairs:
    """What asks the upstream for an upgrade, where the client asked for one (RFC 9110, section 7.8); else nothing."""
    if b"upgrade" not in tokens(raw, b"connection"):
        return []
    asked = [(name, value) for name, value in raw if name.lower() == b"upgrade"]
    return [(b"Connection", b"Upgrade"), *asked] if asked else []


def _drop(raw: RawHeaders, names: Names, travels: Sequence[bool], dropped: frozenset[bytes]) -> RawPairs:
    """All headers but those that are dropped, and those that `Connection` names."""
    if _names_others(raw, names):
        dropped = dropped.union(tokens(raw, b"connection")) - _NEVER_NAMED
        return [pair for pair in raw if pair[0].lower() not in dropped]
    return [*compress(raw, travels)]


def _names_others(raw: RawHeaders, names: Names) -> bool:
    """Whether `Connection` may name headers that travel otherwise."""
    for at in names.connection:  # noqa: SIM110 - a generator would take longer than all else here
        if raw[at][1] != b"keep-alive":
            return True
    return False


def tokens(raw: RawHeaders, name: bytes) -> list[bytes]:
    """The comma-separated members of every header called `name` (in lower case), in lower case."""
    return members(b",".join(values(raw, name)))


def members(value: bytes) -> list[bytes]:
    """The members of a comma-separated list (RFC 9110, section 5.6.1), in lower case; empty ones are passed over."""
    return [member for part in value.lower().split(b",") if (member := part.strip(b" \t"))]


def values(raw: RawHeaders, name: bytes) -> list[bytes]:
    """The value of every header called `name` (in lower case)."""
    return [value for key, value in raw if key.lower() == name]


def lower_names(headers: RawHeaders) -> tuple[bytes, ...]:
    """The names in lower case, in order."""
    return names_of(headers).lower


def by_name(names: Names, headers: RawPairs) -> dict[bytes, bytes]:
    """Values by names in lower case; those of a repeated header joined by commas (RFC 9110, section 5.3)."""
    found = dict(zip(names.lower, map(_VALUE, headers), strict=True))
    if len(found) < len(headers):
        found = {name: b", ".join(values(headers, name)) for name in found}
    return found


def text_pairs(raw: RawHeaders) -> Pairs:
    """All headers as text; bytes that are not UTF-8 become lone surrogates."""
    return [(_text(name), _text(value)) for name, value in raw]


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
