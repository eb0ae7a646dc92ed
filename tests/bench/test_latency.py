"""The closed loop: when a reply is whole, and which replies are not what a row is about."""

import pytest

from bench.latency import WrongReplyError, check, complete

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
SIZED = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc"
ANSWERED = b"HTTP/1.1 200 OK\r\nX-Sidestep-Rule: quota-probe\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize("reply", [CHUNKED, SIZED, ANSWERED])
def test_a_reply_is_whole_with_its_last_byte_and_not_before(reply: bytes) -> None:
    assert complete(reply)
    assert not any(complete(reply[:end]) for end in range(len(reply)))


def test_a_relayed_reply_must_come_from_the_upstream() -> None:
    check(CHUNKED, answered=False)
    with pytest.raises(WrongReplyError, match=r"^answered by a rule"):
        check(ANSWERED, answered=False)


def test_an_answer_must_come_from_a_rule() -> None:
    check(ANSWERED, answered=True)
    with pytest.raises(WrongReplyError, match="not answered by a rule"):
        check(SIZED, answered=True)


def test_a_rules_name_in_a_body_makes_no_answer() -> None:
    check(SIZED.replace(b"abc", b"x-sidestep-rule:"), answered=False)


def test_an_error_is_no_reply_to_measure() -> None:
    with pytest.raises(WrongReplyError, match="502"):
        check(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n", answered=False)
