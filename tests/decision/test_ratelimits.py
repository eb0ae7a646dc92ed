"""Headers of forwarded replies, repeated to whom they belong, and to nobody else."""

import pytest

from proxy.decision.ratelimits import ReplyHeaders
from proxy.exchange import Head, Replay

LIMITS = [("Anthropic-RateLimit-Unified-Status", "allowed"), ("anthropic-ratelimit-unified-reset", "1")]
CAME = [(name.encode(), value.encode()) for name, value in LIMITS]
REPLAY = Replay("anthropic-ratelimit-", 300, required=True)


def owner(**headers: str) -> Head:
    return Head("POST", "/v1/messages", {name.replace("_", "-"): value for name, value in headers.items()})


def kept() -> ReplyHeaders:
    replies = ReplyHeaders(b"key", (b"anthropic-ratelimit-",))
    replies.keep(owner(authorization="Bearer one"), [(b"date", b"today"), *CAME, (b"set-cookie", b"a=b")], 1000)
    return replies


def test_headers_come_back_as_they_came_and_no_others() -> None:
    assert kept().recall(owner(authorization="Bearer one"), REPLAY, 1100) == LIMITS


@pytest.mark.parametrize(
    "stranger", [owner(authorization="Bearer two"), owner(x_api_key="Bearer one"), owner(), owner(authorization="")]
)
def test_nobody_gets_what_another_credential_got(stranger: Head) -> None:
    assert kept().recall(stranger, REPLAY, 1100) == []


@pytest.mark.parametrize(("at", "found"), [(1300, LIMITS), (1300.1, [])])
def test_what_is_too_old_is_not_repeated(at: float, found: list[tuple[str, str]]) -> None:
    assert kept().recall(owner(authorization="Bearer one"), REPLAY, at) == found


def test_the_last_reply_counts_and_one_without_such_headers_changes_nothing() -> None:
    replies = kept()
    replies.keep(owner(authorization="Bearer one"), [(b"date", b"today")], 1200)
    assert replies.recall(owner(authorization="Bearer one"), REPLAY, 1200) == LIMITS
    replies.keep(owner(authorization="Bearer one"), CAME[:1], 1201)
    assert replies.recall(owner(authorization="Bearer one"), REPLAY, 1201) == LIMITS[:1]


def test_nothing_is_kept_that_no_rule_repeats() -> None:
    replies = ReplyHeaders(b"key")
    replies.keep(owner(), CAME, 0)
    assert replies._kept == {}


def test_a_value_that_could_not_be_repeated_byte_for_byte_is_not_kept() -> None:
    replies = ReplyHeaders(b"key", (b"anthropic-",))
    replies.keep(owner(), [(b"anthropic-odd", b"caf\xe9"), *CAME], 0)
    assert replies.recall(owner(), REPLAY, 0) == LIMITS


def test_no_credential_is_kept_in_clear_and_memory_is_bounded() -> None:
    replies = ReplyHeaders(b"key", (b"anthropic-",))
    for number in range(100):
        replies.keep(owner(x_api_key=f"planted-{number}"), CAME, 0)
    assert len(replies._kept) == 64
    assert "planted" not in repr(replies)
    assert ReplyHeaders(b"other")._owner(owner(x_api_key="a")) != ReplyHeaders(b"key")._owner(owner(x_api_key="a"))


def test_headers_that_are_larger_than_any_known_ones_are_not_kept() -> None:
    replies = kept()
    replies.keep(owner(authorization="Bearer one"), [(CAME[0][0], b"x" * 8192)], 1100)
    assert replies.recall(owner(authorization="Bearer one"), REPLAY, 1100) == LIMITS
