"""What the user wrote, apart from markup, pastes, and what the client and others put around it."""

import pytest

from proxy.filters.titles.text.prose import read
from tests.cases import every


def test_pastes_and_headings_are_apart() -> None:
    message = read("# Plan: Retry logic\n\n- **bold** words\n```\ncode\n```\nKeyError: 'x'\nquoted")
    assert message.prose == "bold words\n\nquoted"
    assert message.pasted == "code\n\nKeyError: 'x'"
    assert message.heading == "Retry logic"
    assert message.is_list


def test_unclosed_blocks_are_text() -> None:
    assert read("<system-reminder>a</system-reminder>b <system-reminder> c").prose.split() == ["b", "c"]


@every(
    "line",
    [
        "KeyError: 'x'",
        "  at f (a.js:1:2)",
        "def f():",
        "import os",
        "2024-05-01 12:00:01 ERROR x",
        "x = {a;",
        "me@laptop api $ kubectl logs x",
        r"C:\work>dir",
        "=== short test summary",
        "02/20/26 17:41 run started",
        "api  Running  3 restarts",
    ],
)
def test_traces_logs_prompts_and_code_are_pasted(line: str) -> None:
    message = read(f"look at this\n{line}")
    assert (message.prose, message.pasted) == ("look at this", line)


@pytest.mark.parametrize(
    ("line", "prose"),
    [
        ("Summary: exports fail", "exports fail"),
        ("Browser: Firefox", ""),
        ("A clear and concise description of what the bug is.", ""),
        ("Add ANY other context about the problem here", ""),
        ("_No response_", ""),
        ("no two\u200b of\u00a0‘them’", "no two of 'them'"),
    ],
)
def test_of_a_form_what_went_wrong_is_read_and_of_odd_signs_the_plain_one(line: str, prose: str) -> None:
    assert read(f"it fails\n{line}").prose == f"it fails\n{prose}".strip()


@pytest.mark.parametrize(
    "expected",
    [
        "## Expected behaviour\nthe chart is drawn",
        "### What Should Happen?\nthe chart is drawn\n\nat once",
        "**Steps to reproduce**\nopen the chart",
        "Expected result\n------\nthe chart is drawn",
        "Expected:\nthe chart is drawn",
        "# AGENTS.md\nuse the linter",
    ],
)
@pytest.mark.parametrize("actual", ["## Actual\n", "Actual\n------\n", "Actual behaviour:\n", "**What happens:**\n"])
def test_under_headings_of_what_would_be_well_nothing_is_read(expected: str, actual: str) -> None:
    assert read(f"{expected}\n\n{actual}it is blank").prose == "it is blank"
    assert read(f"it is blank\n\n{expected}").prose == "it is blank"


@pytest.mark.parametrize("asked", ["# Task", "## Your task:", "Goal\n====", "**Question**"])
def test_under_a_heading_that_asks_stands_what_is_asked(asked: str) -> None:
    message = read(f"## Context\n- we run ferries\n\n{asked}\nadd a legend")
    assert (message.prose, message.is_list) == ("add a legend", False)


@pytest.mark.parametrize(
    "text", ["<setup>\nYou work here.\n</setup>\n\nfix it", "<task>x</task><notes c='d'>y</notes> fix it"]
)
def test_blocks_that_another_program_put_in_front_are_left_out(text: str) -> None:
    assert read(text).prose == "fix it"


def test_a_wrapper_with_nothing_behind_it_leaves_nothing() -> None:
    assert read("<context id='1'>do it</context>").prose == ""


def test_a_wrapped_line_goes_on() -> None:
    long = "a line that an editor has wrapped because it was too long for its window"
    assert read(f"{long}\nand goes on").prose == f"{long} and goes on"
    assert read("short\nand goes on").prose == "short\nand goes on"
