"""What the user wrote, apart from markup, pastes and the client's own blocks."""

import pytest

from proxy.filters.titles.prose import read, unquoted, unwrapped


def test_markup_is_unwrapped_and_pastes_are_apart() -> None:
    message = read("# Title\n- **bold** and [link](http://x.y)\n```\ncode\n```\nKeyError: 'x'\n“quoted”")
    assert message.prose == "Title\nbold and link\n\nquoted"
    assert message.pasted == "code\n\nKeyError: 'x'"


def test_unclosed_blocks_are_text() -> None:
    assert unwrapped("<system-reminder>a</system-reminder>b <system-reminder> c").split() == ["b", "c"]


def test_quotation_marks_of_any_script_go() -> None:
    assert unquoted("“a” «b» 「c」") == "a b c"


@pytest.mark.parametrize(
    "line",
    ["KeyError: 'x'", "  at f (a.js:1:2)", "def f():", "import os", "2024-05-01 12:00:01 ERROR x", "x = {a;"],
)
def test_traces_logs_and_code_are_pasted(line: str) -> None:
    message = read(f"look at this\n{line}")
    assert (message.prose, message.pasted) == ("look at this", line)


def test_a_password_is_no_prose() -> None:
    assert "hunter2" not in read("password is hunter2! fix the form").prose
