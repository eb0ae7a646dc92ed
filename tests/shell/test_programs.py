"""The scripts of sed, awk and jq that only print; GNU sed's own sandbox is asked whether it agrees."""

import shutil
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.filters.decline import Decline
from proxy.filters.shell.grammar import Word
from proxy.filters.shell.programs import Sed, awk_prints_fields, jq_selects, read_sed
from tests.cases import every
from tests.waiting import PATIENCE

SED = shutil.which("sed")
HAS_SANDBOX = SED is not None and b"--sandbox" in subprocess.run([SED, "--help"], stdout=-1, check=False).stdout
PIECES = [
    "1",
    "$",
    ",",
    "p",
    "d",
    "q",
    ";",
    " ",
    "!",
    "e",
    "w",
    "r",
    "s",
    "/",
    "|",
    "#",
    "x",
    "[",
    "]",
    "^",
    "\\",
    "&",
    "+",
]
PIECES += [
    "1,5p",
    "s/a/b/",
    "/x/",
    "g",
    "I",
    "[^/]",
    "[]/]",
    "{",
    "}",
    "\n",
    "id",
    "c",
    "y",
    "W",
    "R",
    "F",
    "[[:alpha:]]",
    "s|a|b|",
]


def word(value: str) -> Word:
    return Word(f"'{value}'", value, 0, 0, "quoted")


def sed(*values: str) -> Sed | None:
    try:
        return read_sed([word(value) for value in values])
    except Decline:
        return None


def check_against_sed(script: str) -> None:
    """In its sandbox sed rejects every script that may run a command, or read or write a file."""
    assert SED
    if sed(script, "x"):
        done = subprocess.run(
            [SED, "--sandbox", script], input=b"a\nx\n", capture_output=True, timeout=PATIENCE, check=False
        )
        assert not any(word in done.stderr for word in (b"sandbox", b"unknown command", b"extra characters"))


needs_sandbox = pytest.mark.skipif(not HAS_SANDBOX, reason="sed has no sandbox")
SCRIPTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join)


@needs_sandbox
@settings(max_examples=100, deadline=None)
@given(script=SCRIPTS)
@example("1e id")
@example("s|a|id|e")
@example("s/[/]/e;p/p")
@example("/[/]/p;e/p")
def test_sed_itself_agrees_that_a_script_only_prints(script: str) -> None:
    check_against_sed(script)


@needs_sandbox
@pytest.mark.slow
@settings(max_examples=20_000, deadline=None)
@given(script=SCRIPTS)
def test_sed_itself_agrees_in_the_long_profile(script: str) -> None:
    check_against_sed(script)


@every(
    ("values", "surely"),
    [
        (["-n", "1,5p", "f"], True),
        (["-n", "5p", "f"], False),
        (["s/a/b/;s|c|d|g", "f"], True),
        (["-i", "", "s/a/b/", "f"], True),
        (["5q", "f"], False),
        (["-n", "-e", "1p", "-e", "2p", "f"], False),
        (["-n", "1,5d", "f"], None),
        (["-n"], None),
        (["-x", "p", "f"], None),
    ],
)
def test_sed_surely_prints(values: list[str], surely: bool | None) -> None:
    found = sed(*values)
    assert (found and found.surely) is surely


@every("program", ["{print}", "NR==5", "/x/", "NR>=1 && NR<=5", "$1 ~ /a/ {print $2, $NF}", '{print NR": "$0}'])
def test_awk_prints_fields(program: str) -> None:
    assert awk_prints_fields(word(program))


@every(
    "program",
    [
        "",
        "{print NR}",
        '{print "$1"}',
        "{getline x}",
        '{print | "id"}',
        '{print > "x"}',
        "{x[$1]++}",
        "END{print $0}",
        "BEGIN",
    ],
)
def test_awk_does_something_else(program: str) -> None:
    assert not awk_prints_fields(word(program))


@every(("program", "selects"), [(".", True), (".a.b[]", True), ("keys", False), (".a|env", False), ("", False)])
def test_jq_selects(program: str, selects: bool) -> None:
    assert jq_selects(word(program)) is selects


@every("piece", ["$1 ", '"a"', " ", "1,", "/a", "p;", "s/a/", "[", "\\", "!"])
def test_long_programs_are_no_burden(piece: str) -> None:
    """Work that grew faster than the text would stall the suite here."""
    program = (piece * 8_000)[:8_000]
    for text in (program, "{print " + program, "s/" + program, "1" + program):
        assert not awk_prints_fields(word(text + "\n"))
        assert sed(text + "\n", "f") is None
