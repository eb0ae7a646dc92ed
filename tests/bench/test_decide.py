"""The row `decide`: its rules are rules, and its conversations reach every one of them."""

from pathlib import Path

import pytest

from bench.decide import synthetic_rules, timed
from bench.traffic import conversation
from proxy.exchange import Answer
from proxy.question.messages import MessagesRequest, parse
from proxy.rules.load import Loaded
from tests.bench.test_traffic import HEAD

BODY = conversation(48 * 1024)


@pytest.mark.parametrize("count", [10, 100])
def test_so_many_rules_are_made_and_asked_as_asked_for(tmp_path: Path, count: int) -> None:
    rules = synthetic_rules(count, tmp_path)
    assert len({rule.name for rule in rules.rules}) == count
    assert all(rule.when.possible(HEAD) for rule in rules.rules)


def test_a_made_up_rule_answers_its_question(tmp_path: Path) -> None:
    body = b'{"model": "m", "max_tokens": 323, "messages": [{"role": "user", "content": "Question 3: is it so?"}]}'
    request = parse(HEAD, body)
    assert isinstance(request, MessagesRequest)
    answer = synthetic_rules(10, tmp_path).decide(request)
    assert isinstance(answer, Answer)
    assert answer.rule == "question-3"


def test_each_case_is_timed_on_its_own(shipped: Loaded) -> None:
    taken = timed({"one": (shipped.rules, BODY), "other": (shipped.rules, BODY)}, rounds=1)
    assert taken.keys() == {"one", "other"}
    assert all(value > 0 for value in taken.values())


def test_a_conversation_that_a_rule_matches_is_not_timed(shipped: Loaded) -> None:
    guarded = BODY.replace(b'"name":"Agent"', b'"name":"classify_result"')
    with pytest.raises(AssertionError, match="no rule"):
        timed({"": (shipped.rules, guarded)}, rounds=1)
