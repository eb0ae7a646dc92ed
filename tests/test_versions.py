"""Every kind worth answering, as every client version asks it: answered right, in streams and without."""

from typing import Any

import orjson
import pytest

from proxy.exchange import Answer, Decision, Forward
from proxy.question.messages import MessagesRequest, parse
from proxy.rules.load import Loaded
from tests.cases import every
from tests.policy import POLICY
from tests.versions import ASKED, VERSIONS, asks, question

PATHS = "<is_displaying_contents>\ntrue\n</is_displaying_contents>\n\n<filepaths>\nnotes.txt\n</filepaths>"
TITLE = '"title":"Sorting in app.py"'

# Kind to what is asked, and what is to be answered.
SAID: dict[str, tuple[dict[str, str], str]] = {
    "quota-probe": ({}, "#"),
    "topic": ({"text": "please explain how sorting works in src/app.py"}, f'{{"isNewTopic":true,{TITLE}}}'),
    "session-title": ({"text": "please explain how sorting works in src/app.py"}, f"{{{TITLE}}}"),
    "command-prefix": ({"text": "git diff HEAD~1"}, "git diff"),
    "file-paths": ({"text": "cat notes.txt", "output": "alpha\nbeta\n"}, PATHS),
    "prompt-suggestion": ({}, ""),
    "warm-up": ({}, "Ready."),
    "spinner-word": ({"text": "please explain how sorting works in src/app.py"}, "Explaining"),
}
PAIRS = [(kind, version) for kind in ASKED for version in VERSIONS if asks(kind, version)]


def decide(shipped: Loaded, kind: str, version: str, said: dict[str, str], **fields: Any) -> Decision:
    head, body = question(kind, version, **said)
    parsed = parse(head, orjson.dumps(body | fields))
    assert isinstance(parsed, MessagesRequest)
    assert shipped.rules.interested(head)
    return shipped.rules.decide(parsed)


def test_there_are_more_than_six_versions_and_all_kinds() -> None:
    assert len({version for _, version in PAIRS}) >= 6
    assert {kind for kind, _ in PAIRS} == set(SAID)


@every("stream", [True, False])
@every(("kind", "version"), PAIRS)
def test_a_version_is_answered_what_it_asks(shipped: Loaded, kind: str, version: str, stream: bool) -> None:
    said, expected = SAID[kind]
    decision = decide(shipped, kind, version, said, stream=stream)
    assert isinstance(decision, Answer), decision
    prefilled = kind == "topic" and (2, 0, 42) <= tuple(map(int, version.split("."))) <= (2, 1, 6)
    assert (decision.rule, decision.text) == (kind, expected.removeprefix("{") if prefilled else expected)
    assert decision.stream is stream


@every(("kind", "version"), PAIRS)
def test_the_same_kind_is_the_models_when_it_is_a_conversations(shipped: Loaded, kind: str, version: str) -> None:
    """One more turn behind the question, and it is a conversation that began with one."""
    said, _ = SAID[kind]
    _, body = question(kind, version, **said)
    more = [{"role": "assistant", "content": "so?"}, {"role": "user", "content": "tell me more"}]
    decision = decide(shipped, kind, version, said, messages=[*body["messages"], *more])
    assert isinstance(decision, Forward)


@pytest.mark.parametrize("version", [version for kind, version in PAIRS if kind == "command-prefix"])
def test_every_version_gets_the_policys_own_answers(shipped: Loaded, version: str) -> None:
    decisions = {command: decide(shipped, "command-prefix", version, {"text": command}) for command, _ in POLICY}
    assert {name: isinstance(found, Answer) and found.text for name, found in decisions.items()} == dict(POLICY)


@every("version", [version for kind, version in PAIRS if kind == "session-title"])
def test_a_title_in_a_language_of_the_users_choice_is_the_models(shipped: Loaded, version: str) -> None:
    """Only the wrapped form can say so; it does in a sentence behind the session."""
    said, _ = SAID["session-title"]
    _, body = question("session-title", version, **said)
    text = body["messages"][0]["content"][0]["text"].partition("\n\nWrite the title")[0]
    messages = [{"role": "user", "content": f"{text}\n\nWrite the title in French."}]
    decision = decide(shipped, "session-title", version, said, messages=messages)
    assert isinstance(decision, Forward) == ("<session>" in text)
