"""What makes `make compat` fail, and the page that it writes; the clients are made up, and all else is not."""

import argparse
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from proxy.rules.load import Loaded, load
from tests.cases import every
from tests.compat.__main__ import compare
from tests.compat.kinds import KINDS, kind_of
from tests.compat.marks import Mark, held, marks
from tests.compat.page import read, write
from tests.compat.script import script
from tests.compat.seen import Form, Seen, Treatment, unlike, wrong

RULES = Path(__file__).parents[2] / "rules"
VERSIONS = ("1.0.43", "2.0.64", "2.1.20", "2.1.332")


def seen(version: str = "2.1.332", **kinds: Treatment) -> Seen:
    """A version that asked these kinds, and held a conversation."""
    treated = {(kind.replace("_", "-"), treatment): 1 for kind, treatment in kinds.items()}
    return Seen(version, Counter({("conversation", ("forwarded", "")): 1, **treated}))


def run(loaded: Loaded, folder: Path, *versions: str, program: bytes = b"") -> int:
    """A comparison of clients whose program is `program`, or else holds every mark of the shipped rules."""
    shipped = "\n".join(mark.text for mark in marks(load(RULES).rules.rules)).encode()
    (folder / "program").write_bytes(program or shipped)
    options = argparse.Namespace(rules=RULES, page=folder / "page.md", versions=list(versions or VERSIONS))
    return compare(loaded, options, lambda version, _: seen(version), lambda _: folder / "program")


def copied(folder: Path, file: str, old: str, new: str) -> Loaded:
    """A copy of the shipped rules in which one text was changed by hand: in conditions, in patterns, in examples."""
    rules = shutil.copytree(RULES, folder / "rules")
    text = (rules / file).read_text("utf-8")
    assert old in text
    changed = text.replace(old, new).replace(old.replace("[", "\\["), new.replace("[", "\\["))
    (rules / file).write_text(changed, "utf-8")
    return load(rules)


def test_rules_whose_marks_are_all_there_pass(tmp_path: Path) -> None:
    assert run(load(RULES), tmp_path) == 0


@pytest.mark.parametrize(
    ("file", "old", "new", "rule"),
    [
        ("00-guards.toml", "security monitor for autonomous", "security monitor for automatic", "safety-classifier"),
        ("00-guards.toml", "Web page content:", "Web page contents:", "summary"),
        ("30-session-title.toml", "You are naming a coding session", "You are naming a session", "session-title"),
        ("30-session-title.toml", "the user wrote in, regardless", "the user writes in, regardless", "session-title"),
        ("60-prompt-suggestion.toml", "[SUGGESTION MODE: Suggest", "[SUGGESTION MODE: Propose", "prompt-suggestion"),
        ("80-spinner-word.toml", "verb in gerund form", "verb in some form", "spinner-word"),
    ],
)
def test_a_mark_that_was_changed_by_hand_fails_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, old: str, new: str, rule: str
) -> None:
    loaded = copied(tmp_path, file, old, new)
    assert run(loaded, tmp_path) == 1
    faults = re.findall(r"FAULT: (.*)", capsys.readouterr().out)
    assert any(fault.startswith(f"{rule}: ") and new.lstrip("[") in fault for fault in faults), faults


def test_a_mark_that_an_earlier_run_saw_is_not_missed_in_a_run_of_one_version(tmp_path: Path) -> None:
    assert run(load(RULES), tmp_path) == 0
    assert run(load(RULES), tmp_path, "2.1.332", program=b"nothing of it") == 0
    (tmp_path / "page.md").unlink()
    assert run(load(RULES), tmp_path, "2.1.332", program=b"nothing of it") == 1


def test_rules_with_faults_of_their_own_fail(tmp_path: Path) -> None:
    assert run(copied(tmp_path, "80-spinner-word.toml", 'answer = "Explaining"', 'answer = "Xing"'), tmp_path) == 1


@every(
    ("found", "fault"),
    [
        (seen(web_fetch=("forwarded", "")), "web-fetch was sent, and no guard fired: it was forwarded"),
        (seen(web_fetch=("answered", "topic")), "web-fetch was sent, and no guard fired: it was answered topic"),
        (seen(subagent=("answered", "warm-up")), "subagent was answered, by warm-up"),
        (seen(session_title=("answered", "topic")), "session-title was answered, by topic"),
        (seen(session_title=("answered", "session-title")), None),
        (seen(session_title=("forwarded", "")), None),
        (seen(safety_classifier=("guarded", "safety-classifier")), None),
        (Seen("2.1.332"), "no conversation was seen"),
    ],
)
def test_what_became_of_a_question_is_judged(found: Seen, fault: str | None) -> None:
    faults = list(wrong(found))
    assert (fault in faults) if fault else not faults


def test_an_example_in_another_form_than_is_sent_is_told(shipped: Loaded) -> None:
    found = seen()
    found.forms["web-fetch", "summary"] = {Form("blocks", True, 2)}
    assert list(unlike(found, shipped.entries)) == []
    found.forms["web-fetch", "summary"] = {Form("blocks", False, 9)}
    (fault,) = unlike(found, shipped.entries)
    assert fault == "no example of summary has the form in which web-fetch is sent: blocks, 9 system blocks"


def test_the_page_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert run(load(RULES), tmp_path) == 0
    page = read(tmp_path / "page.md")
    assert set(page.rows) == set(VERSIONS)
    assert page.rows["2.1.332"]["conversation"] == "forwarded"
    assert set(page.marks) == set(marks(load(RULES).rules.rules))
    found = seen("2.1.400", web_fetch=("guarded", "summary"))
    page.add(found, {})
    write(tmp_path / "page.md", page)
    assert read(tmp_path / "page.md") == page
    assert (page.guards, page.rows["2.1.400"]["web-fetch"]) == ({"web-fetch": "summary"}, "guarded")
    assert page.marks[Mark("summary", "TRANSCRIPT CHUNK")] == ("1.0.43", "2.1.332")


@every(
    ("text", "program"),
    [
        ("a 'b'\nc", rb"x=`a 'b'" + b"\nc`"),
        ("a 'b'\nc", rb"x='a \'b\'\nc'"),
        ('a "b"', rb'x="a \"b\""'),
        ("a — b", rb"x='a \u2014 b'"),
        ("<a></a>", rb"x=/<a><\/a>/"),
    ],
)
def test_a_mark_is_found_however_a_script_spells_it(text: str, program: bytes) -> None:
    assert held([Mark("r", text)], program) == {Mark("r", text)}
    assert held([Mark("r", text + "x")], program) == set()


@every("kind", KINDS, ids=lambda kind: f"{kind.name} {kind.words[0]}")
def test_a_kind_is_known_by_its_words(kind: object) -> None:
    assert isinstance(kind, type(KINDS[0]))
    body = {
        "system": {"system": kind.words[0]}.get(kind.place, ""),
        "messages": [{"role": "user", "content": {"user": kind.words[0]}.get(kind.place, "hi")}],
        "tools": [{"name": kind.words[0]}] if kind.place == "tool" else [],
    }
    assert kind_of(body) == kind.name


def test_a_directive_is_followed_once_and_under_later_names_of_tools() -> None:
    asked = {"role": "user", "content": 'USE{"name": "Task", "input": {"prompt": "x"}}'}
    body = {"messages": [asked], "tools": [{"name": "Agent"}]}
    (block,) = script(body)
    assert (block["type"], block["name"], block["input"]) == ("tool_use", "Agent", {"prompt": "x"})
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "done"}]}
    assert script({**body, "messages": [asked, result]})[0]["type"] == "text"
    assert script({**body, "tools": []})[0]["type"] == "text"
