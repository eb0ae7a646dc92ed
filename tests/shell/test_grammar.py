"""The reading of shell command lines: what is a script, what is an injection, and what is not understood."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.filters.shell.grammar import MAX_COMMANDS, MAX_LENGTH, CommandList, ParseFailure, SimpleCommand, read
from tests.cases import every
from tests.waiting import PATIENCE


def script(command: str) -> CommandList:
    result = read(command)
    assert isinstance(result, CommandList), result
    return result


def only(command: str) -> SimpleCommand:
    [result] = script(command).commands
    return result


def refusal(command: str) -> ParseFailure:
    result = read(command)
    assert isinstance(result, ParseFailure), result
    return result


def test_one_command_has_its_assignments_and_words_with_their_places() -> None:
    command = "FOO=bar BAZ= git commit -m \"a b\" 'c'd"
    parts = only(command)
    assert [(item.name, item.value) for item in parts.assignments] == [("FOO", "bar"), ("BAZ", "")]
    assert [word.value for word in parts.words] == ["git", "commit", "-m", "a b", "cd"]
    assert all(command[word.start : word.end] == word.text for word in parts.words)
    assert all(command[item.start : item.end] == f"{item.name}={item.value}" for item in parts.assignments)


@every(
    ("text", "value", "kind"),
    [
        ("foo", "foo", "bare"),
        ("--opt=a,b:c@d", "--opt=a,b:c@d", "bare"),
        ("HEAD~1", "HEAD~1", "bare"),
        ("5", "5", "bare"),
        ("''", "", "quoted"),
        ("'a b'", "a b", "quoted"),
        ('"é\nü"', "é\nü", "quoted"),
        ("a\"b\"'c'", "abc", "quoted"),
        (r'"a\"b\\c\$d"', r'a"b\c$d', "quoted"),
        (r'"a\.b\n"', r"a\.b\n", "quoted"),
        ("*.ts", "*.ts", "glob"),
        ("'a'?", "a?", "glob"),
        ("'*.ts'", "*.ts", "quoted"),
        ("$HOME", "$HOME", "expansion"),
        ("$?", "$?", "expansion"),
        ('"exit $?"', "exit $?", "expansion"),
        ('"$HOME/x"', "$HOME/x", "expansion"),
        ("a$X*", "a$X*", "expansion"),
        ("'$X'", "$X", "quoted"),
    ],
)
def test_word_has_its_value_and_kind(text: str, value: str, kind: str) -> None:
    word = only(f"cat {text}").words[1]
    assert (word.text, word.value, word.kind) == (text, value, kind)


@every(
    ("command", "names", "separators"),
    [
        ("a;b", ["a", "b"], [";"]),
        ("a && b || c", ["a", "b", "c"], ["&&", "||"]),
        ("a | b\nc", ["a", "b", "c"], ["|", "\n"]),
        ("a\n\n\nb\n", ["a", "b"], ["\n"]),
        ("a &&\nb", ["a", "b"], ["&&"]),
        ("a;\nb", ["a", "b"], [";"]),
    ],
)
def test_lists_and_pipelines_keep_their_separators(command: str, names: list[str], separators: list[str]) -> None:
    result = script(command)
    assert [part.words[0].value for part in result.commands] == names
    assert list(result.separators) == separators


def test_an_expansion_with_a_bracket_behind_it_is_not_read() -> None:
    """zsh takes it for a subscript, and Python before 3.11.5 took it for a word."""
    for command in ("cat a$X[", 'cat "a$X["', "cat a$X[1]", "cat $X[1]b"):
        assert not refusal(command).injection


def test_only_harmless_redirections_are_read() -> None:
    parts = script("a 2>/dev/null | b 2>&1 && c > /dev/null").commands
    assert [part.redirections for part in parts] == [("2>/dev/null",), ("2>&1",), ("> /dev/null",)]
    parts = script("a >x 2>&1; b 2>> ./y.log; c < z").commands
    assert [part.redirections for part in parts] == [(">x", "2>&1"), ("2>> ./y.log",), ("< z",)]
    for command in ("a >/dev/null b", ">/dev/null a", "a &>/dev/null", "a >$X", "a >~/x", "a >*", "a >x&1", "a 3>x"):
        assert not refusal(command).injection
    for command in (
        "a 12>x",
        "a <>x",
        "a >|x",
        "a <<<x",
        "a >=x",
        "a >'x'",
        "a <1-9",
        "a >&-",
        "a >&x",
        "a >-",
        "a >x{}",
    ):
        assert not refusal(command).injection


def test_marks_of_find_are_words_only_by_themselves() -> None:
    parts = only("find . -exec ls {} \\;")
    assert [(word.value, word.kind) for word in parts.words[-2:]] == [("{}", "bare"), (";", "quoted")]
    assert only("find . -exec ls {} +").words[-2].value == "{}"
    for command in ("{} a", "a; {} b", "a {}b", "a b{}", "a {};b", "a \\;b", "a\\; b", "a; \\; b", "a {},{}"):
        assert not refusal(command).injection


@every(
    "command",
    [
        "a $(b)",
        "a `b`",
        'a "$(b)"',
        'a "`b`"',
        "a <(b)",
        "a >(b)",
        "a ${x:-$(b)}",
        "a ${ b; }",
        "a # `b`",
        "a 'x' $(b) 'y'",
        'a "unterminated $(b)',
        "a\nb >x y",
        "a\rb",
        "a\r\nb",
        "a 'x\ny' & \n b",
        "a\n&& b",
        "if a\nthen b\nfi",
    ],
)
def test_hidden_commands_and_second_lines_are_injections(command: str) -> None:
    assert refusal(command).injection


@every(
    "command",
    [
        "",
        " ",
        "\n",
        " a",
        "a ",
        "a\n\n",
        "a;",
        "; a",
        "a ;; b",
        "a & b",
        "a |& b",
        "a \\\n b",
        "a\\ b",
        "a # b",
        "a#b",
        "a 'b",
        'a "b',
        'a "$"',
        'a "b!"',
        "a '$(b)'",
        "a '`b`'",
        "a \\$(b\\)",
        'a "\\$(b)"',
        'a "\\${b}"',
        "a $((1+1))",
        "a ${b}",
        "a $1",
        "a $?[1]",
        "a $!",
        "a $'b'",
        'a $"b"',
        "a $b[1]",
        'a "$b[1]"',
        "a {b,c}",
        "a [b]",
        "a =b",
        "a <<EOF\nb\nEOF",
        "a <<<b",
        "(a)",
        "{ a; }",
        "! a",
        "[[ a ]]",
        "a() { b; }",
        "function a { b; }",
        "if a; then b; fi",
        "for a in b; do c; done",
        "export A=b",
        "A=b",
        "A=(b c) d",
        "A+=b c",
        "A[0]=b c",
        'A="b" c',
        "A=$B c",
        "A=~ c",
        "A==b c",
        "a é",
        "a 'b\u200bc'",
        "a 'b\u202ec'",
        "a\u00a0b",
        "a 'b\u2028c'",
        "a 'b\u0085c'",
        "a 'b\x00c'",
        "a 'b\x1bc'",
        "a 'b\rc'",
        "a 'b\ud800c'",
        "\ufeffa",
        "a\vb",
        "a\fb",
        "a '" + "b" * MAX_LENGTH + "'",
        "a|" * MAX_COMMANDS + "a",
    ],
)
def test_everything_else_is_not_understood(command: str) -> None:
    assert not refusal(command).injection


@given(st.text(alphabet=st.sampled_from("ab \t\n'\"\\$`(){}[]<>|&;#!~*?=%^é\u200b\r\x00"), max_size=40))
def test_words_and_blanks_account_for_every_byte(command: str) -> None:
    result = read(command)
    if isinstance(result, CommandList):
        rest = command
        for part in result.commands:
            spans = [(item.start, item.end) for item in part.assignments]
            for start, end in spans + [(word.start, word.end) for word in part.words]:
                rest = rest[:start] + " " * (end - start) + rest[end:]
        for text in [text for part in result.commands for text in part.redirections]:
            rest = rest.replace(text, "", 1)
        assert re.fullmatch(r"(?:[ \t\n;]|&&|\|)*", rest)


BASH = shutil.which("bash")
# With an empty PATH nothing runs; bash calls this function instead, so it tells the words of every command.
HANDLER = "exec 3>&1; command_not_found_handle() { printf '%s\\0' '<command>' \"$@\" >&3; }\n"
PIECES = [
    "git",
    "log",
    "cat",
    "ls",
    "-n",
    "a",
    "b=c",
    "A=b ",
    "'",
    '"',
    "\\",
    " ",
    " ",
    " ",
    "\t",
    "\n",
    ";",
    "&",
    "&&",
]
PIECES += ["|", "<", ">", "(", ")", "{", "}", ",", "$", "$X", "`", "$(", "id", "#", "!", "~", "*", "?", "[", "]", "="]
PIECES += [
    "'a b'",
    '"a b"',
    '"$X"',
    r'"\""',
    "é",
    '"é"',
    "%",
    "^",
    "+",
    ":",
    "@",
    "2>&1",
    ">x",
    "2>y",
    "< /dev/null",
    "{}",
    " {} ",
    " \\; ",
    "$?",
    "\r",
    "\u00a0",
    "\u2028",
]
HARMLESS = ["a", "-n", " ", "'a b'", '"c"', "$X", "b=c", "*", " 'x;y' ", ' "|" ', "@", "é", "A=b ", '"\\."', "5", "~"]
COMMANDS = st.tuples(
    st.sampled_from(["cat ", "git log ", "A=b ls "]),
    st.lists(st.sampled_from(HARMLESS), max_size=6),
    st.lists(st.sampled_from(PIECES), max_size=2),
    st.lists(st.sampled_from(HARMLESS), max_size=6),
    st.lists(st.sampled_from(PIECES), max_size=1),
).map(lambda parts: parts[0] + "".join(piece for part in parts[1:] for piece in part))


@pytest.fixture(scope="module")
def empty_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bash")


def traced(command: str, directory: Path) -> list[list[str]]:
    """Run a command where no program exists and return the words of each command that bash would have run."""
    assert BASH
    done = subprocess.run(
        [BASH, "--norc", "--noprofile", "-c", f"{HANDLER}{command}\nwait"],
        cwd=directory,
        env={"PATH": "/nonexistent", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    found: list[list[str]] = []
    for field in done.stdout.decode().split("\0")[:-1]:
        if field == "<command>":
            found.append([])
        else:
            found[-1].append(field)
    return found


def check_against_bash(command: str, directory: Path) -> None:
    result = read(command)
    if not isinstance(result, CommandList) or any(
        "<" in text for part in result.commands for text in part.redirections
    ):
        return
    commands = traced(command, directory)
    for written in directory.iterdir():
        written.unlink()
    # Of several, one may be left out after `||`, or have a name that bash does not look for; nothing may be added.
    assert len(commands) <= len(result.commands)
    assert len(commands) == 1 or len(result.commands) > 1
    # Bash drops or changes these: an unset variable is nothing, and a tilde is a directory.
    if not any(word.kind == "expansion" or "~" in word.text for part in result.commands for word in part.words):
        known = [[word.value for word in part.words] for part in result.commands]
        assert all(words in known for words in commands)


needs_bash = pytest.mark.skipif(
    BASH is None or b"y" not in subprocess.run([BASH, "-c", "((BASH_VERSINFO[0] > 3)) && echo y"], stdout=-1).stdout,
    reason="bash 4 or newer is not installed",
)


@needs_bash
def test_the_trace_tells_every_command_that_bash_runs(empty_directory: Path) -> None:
    """The oracle itself is tested: it must see lists, pipelines, jobs and substitutions."""
    for command in ("a; b", "a && b || c", "a | b", "a & b", "a $(b)", "a `b`", "a <(b)", "a\nb", 'a "$(b)"'):
        assert len(traced(command, empty_directory)) > 1
    assert traced("A=b a 'c d' \"e\"", empty_directory) == [["a", "c d", "e"]]


@needs_bash
@settings(max_examples=100, deadline=None)
@given(command=COMMANDS)
def test_bash_runs_the_one_command_that_was_read(command: str, empty_directory: Path) -> None:
    check_against_bash(command, empty_directory)


@needs_bash
@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(command=COMMANDS)
def test_bash_runs_the_one_command_that_was_read_in_the_long_profile(command: str, empty_directory: Path) -> None:
    check_against_bash(command, empty_directory)
