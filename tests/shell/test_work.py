"""What a decision costs at most, whatever the command and its output are: others wait for the event loop meanwhile."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial

import pytest

from proxy.filters.decline import Decline
from proxy.filters.shell.command_prefix import command_prefix
from proxy.filters.shell.evidence import MAX_LENGTH as LONGEST_OUTPUT
from proxy.filters.shell.evidence import Output
from proxy.filters.shell.file_paths import file_paths
from proxy.filters.shell.grammar import MAX_LENGTH, MAX_MARKS, MAX_UNQUOTED, ParseFailure, read
from tests.cases import every

# Bounds are passed at some size: each size below it must be cheap too.
SHARES = (1 / 16, 1 / 4, 1)
# A decision may take as long as this many steps of the interpreter, on whatever machine this is.
MOST_STEPS = 800_000


def repeated(piece: str, length: float) -> str:
    return (piece * (int(length) // len(piece) + 1))[: int(length)]


def took(work: Callable[[], object]) -> float:
    start = time.process_time()
    with suppress(Decline):
        work()
    return time.process_time() - start


def steps() -> None:
    for _ in range(MOST_STEPS):
        pass


@cache
def allowance() -> float:
    return max(took(steps) for _ in range(3))


def is_costly(work: Callable[[], object]) -> bool:
    """Tell whether the processor is busy for too long, in each of several runs: it may be slower for a while."""
    return all(took(work) > max(allowance(), took(steps)) for _ in range(4)) if took(work) > allowance() else False


@every(
    "piece",
    [
        *(
            "a@",
            "a?",
            "1@",
            "\n",
            "\r",
            " \n",
            "''",
            '""',
            '"$a"',
            '"\\""',
            "$a",
            "$?:",
            " a",
            " 'a'",
            " {} ",
            "a;",
            "a|",
        ),
        *(
            ">x ",
            "2>&1 ",
            " 2>&1\n",
            "<<E\n",
            "$((",
            "$(",
            "((",
            "(",
            "{ ",
            "`",
            "[",
            "{a,",
            "\\",
            "\\\n",
            "A=b ",
            "é",
            "'é'",
        ),
    ],
)
@pytest.mark.parametrize("start", ["", "ls ", "1@ ", "ls 'a' - a", 'ls "', "ls '"])
def test_no_command_is_a_burden(start: str, piece: str) -> None:
    for length in (MAX_LENGTH, MAX_UNQUOTED, MAX_MARKS * len(piece), MAX_UNQUOTED // 2):
        command = start + repeated(piece, length - len(start))
        for ending in ("'", '"', " a"):
            assert not is_costly(partial(command_prefix, command[: MAX_LENGTH - 2] + ending)), (command[:20], length)


SEVERAL = [
    "grep -n x a* b* *.py; ",
    "grep -rn x . src; ",
    "grep -n x a b c; ",
    "grep -n x a; ",
    "git diff; ",
    "git show; ",
    "git log -p; ",
    "cat a; ",
    "sed -n '1,5p' a; ",
    "head -v a; ",
    "diff a b; ",
    "cat a | head | sort | grep x; ",
]
OPERANDS = ["a* ", "a ", "*a*a*a* ", "*a/*a/*a/", "a/a/ ", "b'a'* ", "'" + "a" * 300 + "'* "]
SEARCHES = ["grep -n x ", "grep -rn x ", "grep -C2 -rn x ", "rg -n x ", "cat ", "sed -n 1p "]
LINES = [
    *(
        "z:1:x\n",
        "a:1:x\n",
        "./a:1:x\n",
        "a/a/a/a/",
        "aaaaaaaaaaaaaaaa",
        "{n}:1:x\n",
        "{n}a/b:x\n",
        "a{n}b:12:\n",
        "\n",
        " ",
    ),
    *(
        "diff --git a/x b/x\n@@ 1\n",
        "diff --git a/{n} b/{n}\n@@ 1\n",
        "binary file ",
        "==> a <==\n",
        "*** a: ",
        "no such ",
    ),
    *("Binary file a\n", "/a", "a/:", "null ", "null\n", "bash", "/usr/bin/", "... [lines "),
]


def lines(piece: str, length: float) -> str:
    """Lines of a piece; each has its own number, where the piece wants one."""
    count = int(length) // len(piece) + 1
    return "".join(piece.replace("{n}", f"{n:x}") for n in range(count))[: int(length)]


@every("piece", LINES)
def test_no_output_is_a_burden(piece: str) -> None:
    for share in SHARES:
        output = lines(piece, LONGEST_OUTPUT * share)
        for segment in SEVERAL:
            for count in (50, 8, 1):
                command = (segment * count).removesuffix("; ")
                assert not is_costly(partial(file_paths, command, output)), (command[:40], count, share)


@every("piece", LINES)
def test_no_list_of_operands_is_a_burden(piece: str) -> None:
    for share in SHARES:
        output = lines(piece, LONGEST_OUTPUT * share)
        for operand in OPERANDS:
            for search in SEARCHES:
                command = search + repeated(operand, (MAX_UNQUOTED - 20) * share) + "b"
                assert not is_costly(partial(file_paths, command, output)), (command[:40], share)


def test_each_command_that_looks_at_the_output_takes_of_one_amount_of_work() -> None:
    output = Output("a:1:x\n" * 1_000)
    for _ in range(20):
        output.spend(len(output.text))
    with pytest.raises(Decline, match=r"^too long$"):
        output.spend(len(output.text) * 10)


@every(
    "command",
    ["ls " + "a " * MAX_MARKS + "a", "ls '" + "\n" * MAX_MARKS + "'", "ls " + "'a'" * MAX_MARKS, "ls " + "a" * 1100],
)
def test_a_command_of_many_parts_is_declined_and_a_long_text_in_quotes_is_not(command: str) -> None:
    assert isinstance(read(command), ParseFailure)
    assert command_prefix('git commit -m "' + "word " * 1_000 + '"') == "git commit"


@every(
    ("command", "output", "paths"),
    [
        ("grep -n x src/*.py", "src/a.py:1:x\nsrc/b/c.py:1:x", ["src/a.py"]),
        ("grep -rn x src/*", "src/a.py:1:x\nsrc/b/c.py:1:x", ["src/a.py", "src/b/c.py"]),
        ("grep -n x *a*b*.py", "xaxbx.py:1:x\nab.py:2:x\nba.py:1:x\nab.py.c:1:x", ["xaxbx.py", "ab.py"]),
        ("grep -n x aba*aba", "aba:1:x\nabaaba:1:x\nababa:1:x", ["abaaba"]),
    ],
)
def test_patterns_match_as_a_shell_has_them(command: str, output: str, paths: list[str]) -> None:
    listed = file_paths(command, output).split("<filepaths>\n")[1]
    assert listed.split("\n")[:-1] == paths
