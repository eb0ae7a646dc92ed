"""Loading rules: order, healthy rules beside broken ones, and everything wrong in one go."""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from datetime import time as clock
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from proxy.exchange import Head
from proxy.rules.load import Loaded, configured, load
from proxy.rules.schema import RequestModel, RuleFile, RuleModel
from proxy.settings import config, toml
from proxy.settings.wording import error_text, known_keys
from tests.cases import every
from tests.commands.given import BASE, HELLO

RULE = """\
[[rules]]
name = "NAME"
about = "for a test"
action = "answer"
[rules.when]
user_text = "NAME"
[rules.answer]
text = "Hi"
[[rules.matches]]
about = "a match"
body = { messages = [{ role = "user", content = "NAME" }] }
answer = "Hi"
[[rules.misses]]
about = "a miss"
body = { messages = [{ role = "user", content = "other" }] }
"""


def rule(name: str, *changes: tuple[str, str]) -> str:
    text = RULE.replace("NAME", name)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def guard(name: str) -> str:
    return rule(name, ('"answer"', '"forward"'), ('[rules.answer]\ntext = "Hi"\n', ""), ('answer = "Hi"\n', ""))


def loaded(folder: Path, files: Mapping[str, str | bytes]) -> Loaded:
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return load(folder)


def names(found: Loaded) -> list[str]:
    return [entry.rule.name for entry in found.entries]


def test_the_shipped_rules_load_without_a_problem(shipped: Loaded) -> None:
    assert [str(problem) for problem in shipped.problems] == []
    assert len(shipped.entries) > 5


def test_the_shipped_guards_are_asked_before_all_others(shipped: Loaded) -> None:
    guards = [entry.rule.guards for entry in shipped.entries]
    assert guards == sorted(guards, reverse=True)
    assert {True, False} == set(guards)


def test_rules_are_asked_in_the_order_of_file_names_and_then_of_lines(tmp_path: Path) -> None:
    files = {"20.toml": rule("d"), "10.toml": rule("b") + rule("a"), "15-x.toml": rule("c")}
    found = loaded(tmp_path, files)
    assert found.problems == ()
    assert names(found) == ["b", "a", "c", "d"]
    assert [rule.name for rule in found.rules.rules] == ["b", "a", "c", "d"]


def test_a_rule_that_is_switched_off_is_known_and_not_asked(tmp_path: Path) -> None:
    off = rule("b").replace('name = "b"', 'name = "b"\nstatus = "off"')
    found = loaded(tmp_path, {"1.toml": rule("a") + off}).rules
    assert ([rule.name for rule in found.rules], [rule.name for rule in found.off]) == (["a"], ["b"])


def test_guards_go_before_rules_of_earlier_files_and_keep_their_own_order(tmp_path: Path) -> None:
    files = {"1.toml": rule("a") + guard("g"), "2.toml": guard("h") + rule("b")}
    assert names(loaded(tmp_path, files)) == ["g", "h", "a", "b"]


def test_only_toml_files_of_the_folder_itself_are_read(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "x.toml").write_text(rule("below"))
    found = loaded(tmp_path, {"a.toml": rule("a"), "b.toml.off": rule("b"), "README.md": "# no rules"})
    assert (names(found), found.problems) == (["a"], ())


def test_a_rule_knows_where_it_stands(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"a.toml": "# a comment\n\n" + rule("a") + rule("b")})
    lines = [(entry.rule.source, entry.rule.line) for entry in found.entries]
    assert lines == [(str(tmp_path / "a.toml"), 3), (str(tmp_path / "a.toml"), 3 + RULE.count("\n"))]


@pytest.mark.parametrize("folder", ["empty", "missing", "a-file.toml"])
def test_a_folder_without_rule_files_is_a_problem_and_no_rules(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a-file.toml").write_text(rule("a"))
    found = load(tmp_path / folder)
    [problem] = found.problems
    assert (problem.source, problem.line) == (str(tmp_path / folder), 0)
    assert "no rule files" in problem.message
    assert found.entries == ()
    assert found.rules.interested(Head("POST", "/v1/messages", {})) is False


# What is done to a good rule, and the complaint: its line in the file, its key, and what it says.
BROKEN = [
    ([("user_text", "usr_text")], 6, "rules[0].when.usr_text", "did you mean 'user_text'?"),
    ([('user_text = "x"', "user_text = { pattern = '(' }")], 6, "rules[0].when.user_text.pattern", "not a pattern"),
    ([('user_text = "x"', "user_text = { is = 5 }")], 6, "rules[0].when.user_text.is", "expected a string"),
    ([('text = "Hi"', 'text = "Ho"')], 9, "rules[0].matches[0]", "answered 'Ho', expected 'Hi'"),
    ([('content = "x"', 'content = "y"')], 9, "rules[0].matches[0]", "does not match"),
    ([('"other"', '"x"')], 13, "rules[0].misses[0]", "the rule matches it, and must not"),
    ([('text = "Hi"', 'text = "{{ nope }}"')], 8, "rules[0].answer.text", "unknown name 'nope'"),
    ([('text = "Hi"', 'text = "{{ model | nope }}"')], 8, "rules[0].answer.text", "unknown filter 'nope': known"),
    ([('text = "Hi"', 'text = "{{"')], 8, "rules[0].answer.text", "not a template"),
    (
        [('text = "Hi"', 'text = "{% for a in [1]*100000000 %}{% endfor %}"')],
        8,
        "rules[0].answer.text",
        "found 'for' in line 1 of the template: a template is of text, names, literals, filters",
    ),
    ([('text = "Hi"', "text = \"{{ 'a'*1000000000 }}\"")], 8, "rules[0].answer.text", "found 'mul' in line 1"),
    ([('[rules.answer]\ntext = "Hi"\n', "")], 4, "rules[0].action", "needs a [rules.answer] table"),
    ([('"answer"', '"forward"')], 7, "rules[0].answer", "a rule that forwards has no answer"),
    ([('"answer"', '"drop"')], 4, "rules[0].action", "found 'drop' (string)"),
    ([('action = "answer"\n', "")], 1, "rules[0].action", "missing"),
    ([("about =", "abuot =")], 3, "rules[0].abuot", "did you mean 'about'?"),
    ([('name = "x"', 'name = "X"')], 2, "rules[0].name", "found 'X' (string)"),
    ([('text = "Hi"', 'text = "Hi"\nstop_reason = "tool_use"')], 9, "rules[0].answer.stop_reason", "'tool_use'"),
    ([('text = "Hi"', 'text = "Hi"\nnope = 1')], 9, "rules[0].answer.nope", "unknown key"),
    ([('answer = "Hi"\n', 'answr = "Hi"\n')], 12, "rules[0].matches[0].answr", "unknown key"),
    ([('[[rules.misses]]\nabout = "a miss"\nbody', "[elsewhere]\nbody")], 1, "rules[0].misses", "missing"),
    ([("[[rules]]", "[base]\nhedaers = 1\n[[rules]]")], 2, "base.hedaers", "unknown key"),
    ([("[[rules]]", "base = 5\n[[rules]]")], 1, "base", "found 5 (integer), expected a table"),
    ([("[[rules]]", "nope = 1\n[[rules]]")], 1, "nope", "unknown key (expected one of: base, rules)"),
]  # fmt: skip


@every(("changes", "line", "key", "said"), BROKEN, ids=[row[2] for row in BROKEN])
def test_a_broken_rule_is_reported_with_file_line_and_key_and_the_rest_loads(
    tmp_path: Path, changes: list[tuple[str, str]], line: int, key: str, said: str
) -> None:
    found = loaded(tmp_path, {"a.toml": rule("a"), "b.toml": rule("x", *changes), "c.toml": rule("c")})
    # An unknown key may come with another complaint: of the key that it was meant to be.
    [problem] = [problem for problem in found.problems if problem.key == key]
    assert (problem.source, problem.line) == (str(tmp_path / "b.toml"), line)
    assert said in problem.message
    assert all(problem.source == str(tmp_path / "b.toml") for problem in found.problems)
    assert [name for name in names(found) if name != "x"] == ["a", "c"]


def test_healthy_rules_of_a_file_load_beside_a_broken_one(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"a.toml": rule("a") + rule("x", ("user_text", "usr_text")) + rule("b")})
    assert names(found) == ["a", "b"]
    assert [problem.key for problem in found.problems] == ["rules[1].when.usr_text"]


def test_a_name_that_is_taken_is_reported_with_where(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"a.toml": rule("a"), "b.toml": "\n" + rule("a"), "c.toml": rule("c")})
    assert names(found) == ["a", "c"]
    [problem] = found.problems
    assert (problem.source, problem.line) == (str(tmp_path / "b.toml"), 2)
    assert f"'a' is taken by {tmp_path / 'a.toml'}:1" in problem.message


def test_everything_wrong_with_a_set_is_reported_in_one_go(tmp_path: Path) -> None:
    (tmp_path / "08-folder.toml").mkdir()
    found = loaded(
        tmp_path,
        {
            "01-good.toml": rule("good"),
            "02-syntax.toml": rule("a") + "x = = 1\n",
            "03-two-faults.toml": rule("b", ("user_text =", "usr_text = 1\nmodel =")) + rule("c", ('"Hi"', '"Ho"')),
            "04-again.toml": rule("good"),
            "05-latin1.toml": b"# caf\xe9\n",
            "06-no-rules.toml": "",
            "07-wrong-rules.toml": "rules = 5\n",
            "09-fine.toml": guard("fine"),
        },
    )
    assert names(found) == ["fine", "good"]
    size = RULE.count("\n")
    assert [(Path(problem.source).name, problem.line, problem.key) for problem in found.problems] == [
        ("02-syntax.toml", size + 1, ""),
        ("03-two-faults.toml", 6, "rules[0].when.usr_text"),
        ("03-two-faults.toml", size + 10, "rules[1].matches[0]"),
        ("04-again.toml", 1, "rules.name"),
        ("05-latin1.toml", 1, ""),
        ("06-no-rules.toml", 0, "rules"),
        ("07-wrong-rules.toml", 1, "rules"),
        ("08-folder.toml", 0, ""),
    ]


def test_a_link_to_nowhere_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "b.toml").symlink_to(tmp_path / "nowhere")
    found = loaded(tmp_path, {"a.toml": rule("a")})
    assert names(found) == ["a"]
    assert [problem.source for problem in found.problems] == [str(tmp_path / "b.toml")]


def test_a_base_serves_all_examples_of_its_file(tmp_path: Path) -> None:
    base = '[base]\nheaders.user-agent = "claude-cli/1.0"\nbody = { model = "m" }\n'
    changed = rule("a", ("[rules.when]\n", '[rules.when]\nmodel = "m"\nclient = "claude-cli"\n'))
    assert names(loaded(tmp_path, {"a.toml": base + changed})) == ["a"]
    assert loaded(tmp_path, {"a.toml": changed}).problems != ()


def test_a_rule_may_have_a_base_of_its_own(tmp_path: Path) -> None:
    changed = rule("a", ("[rules.when]\n", '[rules.base.body]\nmodel = "m"\n[rules.when]\nmodel = "m"\n'))
    assert loaded(tmp_path, {"a.toml": '[base.body]\nmodel = "n"\n' + changed}).problems == ()


@pytest.mark.parametrize(
    "text", ["{{ user_text + 1 }}", "{{ 1 // 0 }}", "{{ user_text | upper(1) }}", '{% include "x" %}']
)
def test_a_template_that_breaks_on_an_example_costs_no_other_rule(tmp_path: Path, text: str) -> None:
    files = {"1.toml": rule("broken", ('text = "Hi"', f"text = '{text}'")), "2.toml": rule("whole")}
    found = loaded(tmp_path, files)
    assert names(found) == ["whole"]
    assert found.problems


def test_an_example_that_json_cannot_hold_costs_no_other_rule(tmp_path: Path) -> None:
    broken = rule("broken").replace(
        "[[rules.misses]]", '[[rules.misses]]\nabout = "n"\nbody = { n = 99999999999999999999 }\n\n[[rules.misses]]', 1
    )
    found = loaded(tmp_path, {"1.toml": broken, "2.toml": rule("whole")})
    assert names(found) == ["whole"]
    assert [(problem.line, problem.key) for problem in found.problems] == [(15, "rules[0].misses[0].body.n")]
    assert "an integer of more than 64 bits" in found.problems[0].message


def test_a_folder_that_may_not_be_looked_into_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(_self: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", refuse)
    loaded = load(tmp_path)
    assert loaded.entries == ()
    assert [problem.message for problem in loaded.problems] == ["cannot be read: Permission denied"]


@every(
    ("old", "new", "meant"),
    [
        ("[base]", "[bse]", "base"),
        ("headers.user-agent", "heders.user-agent", "headers"),
        ('action = "answer"', 'action = "answer"\ncompar = "text"', "compare"),
        ("first =", "frist =", "first"),
        ("{ text =", "{ txt =", "text"),
        ("message_count", "mesage_count", "message_count"),
        ('about = "the word"', 'abuot = "the word"', "about"),
        ('about = "another word"', 'about = "x", bdy = {}', "body"),
    ],
)
def test_a_key_that_is_not_known_is_told_with_the_nearest_that_is(
    tmp_path: Path, old: str, new: str, meant: str
) -> None:
    text = BASE + HELLO
    assert old in text
    (tmp_path / "1.toml").write_text(text.replace(old, new, 1), "utf-8")
    assert f"did you mean {meant!r}?" in " ".join(problem.message for problem in load(tmp_path).problems)


@pytest.mark.parametrize(
    "text",
    [
        rule("a", ('action = "answer"', 'action = "answr"')),
        rule("a", ("user_text =", "usr_text =")),
        rule("a", ('"Hi"', '"Ho"')),
        rule("a") + "x = = 1\n",
        '[base]\nboddy = 1\nheaders.user-agent = "claude-cli/1.0"\n'
        + rule("a", ("[rules.when]\n", '[rules.when]\nclient = "claude-cli"\n')),
        rule("a").replace("[[rules", "[[rule").replace("[rules", "[rule"),
        "caf\xe9".encode("latin-1"),
    ],
    ids=["a value", "a condition", "its examples", "no TOML", "the base", "the table's name", "no text"],
)
def test_what_only_follows_from_a_fault_is_none(tmp_path: Path, text: str | bytes) -> None:
    """Neither that its examples fail, nor that the settings speak of a rule which is not there."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "c.toml").write_text('[rules.override.a]\nstatus = "off"\n')
    loaded(tmp_path / "rules", {"1.toml": text})
    found = configured(config.load(tmp_path / "c.toml"))
    assert found.entries == ()
    assert [Path(problem.source).name for problem in found.problems] == ["1.toml"]


def test_an_override_of_a_rule_that_nobody_has_is_a_fault_beside_others(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "c.toml").write_text('[rules.override.b]\nstatus = "off"\n')
    loaded(tmp_path / "rules", {"1.toml": rule("a", ("user_text =", "usr_text ="))})
    found = configured(config.load(tmp_path / "c.toml"))
    assert [Path(problem.source).name for problem in found.problems] == ["1.toml", "c.toml"]


def test_a_name_of_a_pattern_that_is_at_fault_is_no_second_fault(tmp_path: Path) -> None:
    changed = rule("a", ('user_text = "a"', 'user_text = { pattern = "(?P<word>a(b" }'), ('"Hi"', '"{{ word }}"'))
    [problem] = loaded(tmp_path, {"1.toml": changed}).problems
    assert problem.key == "rules[0].when.user_text.pattern"


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    assert names(loaded(tmp_path, {"1.toml": b"\xef\xbb\xbf" + rule("a").encode()})) == ["a"]


FOREIGN = re.compile(
    r"valid |Input|should|String|List |Dict|instance|Field|Extra|validation|Value error|greater|parse|NoneType|fit here"
)
"""Words of pydantic's, and what is said where no words of ours are known."""

ODD: list[Any] = [
    *(True, 3, -3, 2**40, 1.5, -1.5, math.inf, math.nan, "", "x", "A b", "\udcff", "x" * 200, "1.x", [], [3], {}),
    *({"x": 3}, {"a b": "c"}, {"a": "\xe9"}, [[]], [{}], datetime(2026, 1, 1), date(2026, 1, 1), clock(1, 2)),
]
"""A value of each kind that TOML has, and more."""


def _places(model: type[BaseModel]) -> Iterator[toml.KeyPath]:
    """The path of every key there is, and of those within it."""
    for name in model.model_fields:
        yield (name,)
        for below in ((name,), (name, 0), (name, "x")):
            yield from ((*below, key) for key in known_keys(model, (*below, "")))


@pytest.mark.parametrize("model", [config.Config, RuleFile, RuleModel, RequestModel])
def test_whatever_is_written_a_fault_is_told_in_our_words(model: type[BaseModel]) -> None:
    told: list[str] = []
    for path in _places(model):
        for value in ODD:
            document: Any = value
            for part in reversed(path):
                document = [document] if isinstance(part, int) else {part: document}
            try:
                model.model_validate(document)
            except ValidationError as error:
                told += [error_text(each, ["a"]) for each in error.errors(include_url=False)]
    assert len(told) > 100
    assert {text for text in told if FOREIGN.search(text.partition("), ")[2])} == set()
