"""Headers of forwarded replies, kept per credential so that a local answer can repeat them.

Claude Code feeds its usage display from `anthropic-ratelimit-*` on any reply, the quota probe's above all.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache

from proxy.exchange import Head, Replay
from proxy.headers import Pairs, RawPairs, lower_names

_CREDENTIALS = ("authorization", "x-api-key")
_REMEMBERED = 64
"""Credentials that are remembered: the most recent ones."""
_MOST = 8 * 1024
"""Bytes of the headers of one reply. If there are more, none is kept: a part of them would misrepresent the reply."""


@dataclass(slots=True)
class ReplyHeaders:
    """The last headers that each credential got. Credentials are hashed with `key`, which only this process knows."""

    key: bytes
    prefixes: tuple[bytes, ...] = ()
    """Prefixes, in lower case, of the header names that some rule repeats; no other header is kept."""
    _kept: "OrderedDict[bytes, tuple[float, RawPairs]]" = field(default_factory=OrderedDict)

    def keep_prefixes(self, prefixes: tuple[bytes, ...]) -> None:
        """From now on, keep headers with these prefixes."""
        self.prefixes = prefixes

    def keep(self, head: Head, headers: RawPairs, now: float) -> None:
        """Keep the headers of a forwarded reply; `now` in seconds on any monotonic clock."""
        names = lower_names(headers)
        if sum(map(len, names)) > _MOST:
            return
        wanted = [headers[at] for at in _starting(names, self.prefixes) if headers[at][1].isascii()]
        if wanted and sum(len(name) + len(value) for name, value in wanted) <= _MOST:
            owner = self._owner(head)
            self._kept[owner] = (now, wanted)
            self._kept.move_to_end(owner)
            if len(self._kept) > _REMEMBERED:
                self._kept.popitem(last=False)

    def recall(self, head: Head, replay: Replay, now: float) -> Pairs:
        """The headers to repeat; empty if there are none, or only older ones than `replay.max_age`."""
        if not self._kept:
            return []
        at, headers = self._kept.get(self._owner(head), (now, []))
        if now - at > replay.max_age:
            return []
        texts = [(name.decode("ascii"), value.decode("ascii")) for name, value in headers]
        return [(name, value) for name, value in texts if name.lower().startswith(replay.prefix)]

    def _owner(self, head: Head) -> bytes:
        credential = "\n".join(head.headers.get(name, "") for name in _CREDENTIALS)
        return hashlib.blake2b(credential.encode("utf-8", "surrogateescape"), key=self.key, digest_size=16).digest()


# An upstream sends the same names with every reply.
@lru_cache(64)
def _starting(names: tuple[bytes, ...], prefixes: tuple[bytes, ...]) -> tuple[int, ...]:
    """Which of the names start with one of the prefixes."""
    return tuple(at for at, name in enumerate(names) if name.startswith(prefixes))
