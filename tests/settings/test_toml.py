"""TOML with places: the line of everything that can be written, and of everything that is wrong."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.settings import toml
from proxy.settings.toml import KeyPath, TomlError, dotted, parse
from tests.cases import every

EVERY_PLACE = """\
# a comment = "with a key in it"
plain = 1
dotted.inner = 2  # trailing = "comment"
"quoted key" = 3
'literal.key' = 4
sp . aced = 5

[table]
inline = { one = 1, two = { three = 3 } }
several = [
    "first",  # a comment between elements

    # another = comment
    { name = "second", deep.er = 1 },
    [
        10, 20,
    ],
]
text = \"\"\"
looks_like = "a key"
[looks.like.a.table]
\"\"\"
after = 6

[table.below."with.dot"]
key = 7

[[many]]
n = 0

[many.sub]
key = 8

[[many.nested]]
key = 9

[[many]]

[[many.nested]]

[[many.nested]]
key = 10
"""

PLACES: list[tuple[KeyPath, int]] = [
    (("plain",), 2),
    (("dotted",), 3),
    (("dotted", "inner"), 3),
    (("quoted key",), 4),
    (("literal.key",), 5),
    (("sp", "aced"), 6),
    (("table",), 8),
    (("table", "inline"), 9),
    (("table", "inline", "one"), 9),
    (("table", "inline", "two", "three"), 9),
    (("table", "several"), 10),
    (("table", "several", 0), 11),
    (("table", "several", 1), 14),
    (("table", "several", 1, "name"), 14),
    (("table", "several", 1, "deep", "er"), 14),
    (("table", "several", 2), 15),
    (("table", "several", 2, 1), 16),
    (("table", "text"), 19),
    (("table", "after"), 23),
    (("table", "below", "with.dot"), 25),
    (("table", "below", "with.dot", "key"), 26),
    (("many", 0), 28),
    (("many", 0, "n"), 29),
    (("many", 0, "sub"), 31),
    (("many", 0, "sub", "key"), 32),
    (("many", 0, "nested", 0, "key"), 35),
    (("many", 1), 37),
    (("many", 1, "nested", 0), 39),
    (("many", 1, "nested", 1), 41),
    (("many", 1, "nested", 1, "key"), 42),
]


@every(("path", "line"), PLACES, ids=[dotted(path) for path, _ in PLACES])
def test_every_kind_of_place_has_its_line(path: KeyPath, line: int) -> None:
    assert parse(EVERY_PLACE, "f").line(path) == line


def test_what_only_looks_like_a_key_has_no_place() -> None:
    written = {part for path in parse(EVERY_PLACE, "f").lines for part in path}
    assert written.isdisjoint({"looks_like", "looks", "a comment", "trailing", "another"})


def test_the_values_are_those_of_tomllib() -> None:
    values = parse(EVERY_PLACE, "f").values
    assert values["table"]["several"] == ["first", {"name": "second", "deep": {"er": 1}}, [10, 20]]
    assert values["many"][1]["nested"] == [{}, {"key": 10}]


@pytest.mark.parametrize(
    ("path", "line"),
    [(("table", "inline", "missing"), 9), (("table", "missing", "x"), 8), (("many", 1, "n"), 37), (("missing",), 0)],
)
def test_a_path_that_is_not_written_has_the_line_of_what_would_hold_it(path: KeyPath, line: int) -> None:
    assert parse(EVERY_PLACE, "f").line(path) == line


def test_windows_line_ends_count_once() -> None:
    document = parse("a = 1\r\n\r\n[b]\r\nc = [\r\n  2,\r\n]\r\n", "f")
    assert [document.line(path) for path in [("a",), ("b",), ("b", "c"), ("b", "c", 0)]] == [1, 3, 4, 5]


def test_characters_outside_ascii_do_not_shift_lines() -> None:
    document = parse('"ключ" = "日本\u2028語"\n"\\u00e9" = 1\n', "f")
    assert (document.line(("ключ",)), document.line(("é",))) == (1, 2)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nb = = 2\n", 2),
        ("a = 1\na = 2\n", 2),
        ("[t]\nx = 1\n\n[t]\n", 4),
        ("\ufeffa = 1\n", 1),
    ],
)
def test_a_syntax_error_names_its_line(text: str, line: int) -> None:
    with pytest.raises(TomlError) as raised:
        parse(text, "some.toml")
    [problem] = raised.value.problems
    assert (problem.source, problem.line) == ("some.toml", line)
    assert "not TOML" in problem.message


@pytest.mark.parametrize("text", ["a = 1\nb = [1,\n2\n", "a = 'open", 'a = """\nopen\n'])
def test_a_document_that_ends_too_early_is_an_error_at_its_end(text: str) -> None:
    with pytest.raises(TomlError) as raised:
        parse(text, "some.toml")
    [problem] = raised.value.problems
    assert problem.line in (0, text.count("\n"), text.count("\n") + 1)
    assert "end of document" in problem.message


@every(
    ("path", "shown"),
    [
        ((), ""),
        (("a",), "a"),
        (("a", "b"), "a.b"),
        (("rules", 0, "when"), "rules[0].when"),
        (("a", 1, 2, "b"), "a[1][2].b"),
    ],
)
def test_a_path_is_shown_as_people_write_it(path: KeyPath, shown: str) -> None:
    assert dotted(path) == shown


@pytest.mark.parametrize(
    ("problem", "shown"),
    [
        (toml.Problem("f", 3, "a.b", "is wrong"), "f:3: a.b: is wrong"),
        (toml.Problem("f", 0, "a.b", "is wrong"), "f: a.b: is wrong"),
        (toml.Problem("f", 3, "", "is wrong"), "f:3: is wrong"),
        (toml.Problem("f", 0, "", "is wrong"), "f: is wrong"),
    ],
)
def test_a_problem_says_where_and_what(problem: toml.Problem, shown: str) -> None:
    assert str(problem) == shown


def test_an_error_shows_all_its_problems_one_a_line() -> None:
    problems = [toml.Problem("f", 1, "a", "one"), toml.Problem("f", 2, "b", "two")]
    assert str(TomlError(problems)) == "f:1: a: one\nf:2: b: two"


# A writer of TOML for the property below: it keeps to what the property needs to find a key's line by its text.

BARE = re.compile(r"[A-Za-z0-9_-]+")
CHARACTERS = st.characters(exclude_categories=["Cs"])
KEYS = st.one_of(st.from_regex(BARE, fullmatch=True), st.text(CHARACTERS, max_size=6))
SCALARS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.booleans(), st.text(CHARACTERS, max_size=12))
DOCUMENTS = st.dictionaries(
    KEYS,
    st.recursive(
        st.one_of(SCALARS, st.lists(SCALARS, max_size=4)),
        lambda below: st.one_of(
            st.dictionaries(KEYS, below, max_size=4),
            st.lists(st.dictionaries(KEYS, below, max_size=3), min_size=1, max_size=3),
        ),
        max_leaves=12,
    ),
    max_size=5,
)


def quoted(text: str, *, lines: bool = False) -> str:
    """A basic string; with `lines`, one of several lines where the text has them."""
    keep = "\n" if lines else ""
    shown = "".join(c if (c >= " " and c not in '"\\\x7f') or c in keep else f"\\U{ord(c):08x}" for c in text)
    return f'"""\n{shown}"""' if lines and "\n" in text else f'"{shown}"'


def key_text(key: str) -> str:
    return key if BARE.fullmatch(key) else quoted(key)


def inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key_text(key)} = {inline(below)}" for key, below in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int) else quoted(value)


def written(value: Any) -> str:
    if isinstance(value, list):
        return "[  # a comment\n" + "".join(f"    {inline(item)},\n" for item in value) + "]"
    return quoted(value, lines=True) if isinstance(value, str) else inline(value)


def dump(table: dict[str, Any], header: str = "") -> str:
    """Plain values first, then each table under a header of its own; tables of at most one key stand in one line."""
    plain, tables = "", ""
    for key, value in table.items():
        name = f"{header}.{key_text(key)}" if header else key_text(key)
        if isinstance(value, dict) and len(value) > 1:
            tables += f"\n[{name}] # = comment\n{dump(value, name)}"
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            tables += "".join(f"\n[[{name}]]\n{dump(item, name)}" for item in value)
        else:
            plain += f"{key_text(key)} = {written(value)}\n"
    return plain + tables


def paths(value: Any, path: KeyPath = ()) -> list[KeyPath]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, inner in below for found in ((*path, key), *paths(inner, (*path, key)))]


@settings(deadline=None)
@given(DOCUMENTS)
def test_every_path_of_a_document_has_a_line_that_holds_its_key(values: dict[str, Any]) -> None:
    text = dump(values)
    document = parse(text, "f")
    assert document.values == values
    lines = text.split("\n")
    for path in paths(values):
        # An empty array of tables is written nowhere, and `many` itself only as the first of `[[many]]`.
        nearest = path if path in document.lines else (*path, 0)
        named = [part for part in path if isinstance(part, str)][-1]
        line = lines[document.lines[nearest] - 1]
        assert key_text(named) in line or isinstance(path[-1], int)
        assert line.strip()


@settings(deadline=None)
@given(st.text())
def test_any_text_is_either_a_document_or_an_error_with_a_line(text: str) -> None:
    try:
        document = parse(text, "f")
    except TomlError as error:
        [problem] = error.problems
        assert 0 <= problem.line <= text.count("\n") + 1
    else:
        assert all(line >= 1 for line in document.lines.values())


def test_a_document_that_is_nested_too_deeply_is_an_error() -> None:
    with pytest.raises(toml.TomlError, match="nested too deeply"):
        toml.parse("a = " + "[" * 5000 + "]" * 5000, "deep.toml")


RULES = sorted((Path(__file__).parent.parent.parent / "rules").glob("*.toml"))


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.name)
def test_a_table_has_the_same_line_though_no_other_lines_were_looked_for(file: Path) -> None:
    document, other = toml.read(file), toml.read(file)
    assert other.lines
    for index in range(len(document.values["rules"])):
        assert document.line(("rules", index)) == other.lines["rules", index] > 0
    assert "lines" not in vars(document)
    assert document.line(("rules", 0, "name")) == other.lines["rules", 0, "name"]
    assert document.line(()) == 0
