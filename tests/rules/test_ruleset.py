"""The decision: order, guards, prefills, schemas, rules that break; and the shipped set under random bodies."""

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.exchange import Answer, Decision, Forward, Head
from proxy.question.messages import MessagesRequest, parse
from proxy.question.outline import LARGE
from proxy.rules.conditions import Condition, When, compile_when
from proxy.rules.examples import request_of
from proxy.rules.facts import FACTS
from proxy.rules.load import Loaded
from proxy.rules.operators import Context
from proxy.rules.ruleset import AnswerPlan, Rule, RuleSet
from proxy.rules.structured import misfit
from proxy.rules.templates import compile_template
from tests.cases import every

HEAD = Head("POST", "/v1/messages", {"user-agent": "claude-cli/2.1.83"})
TITLE = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}


def asked(**body: Any) -> MessagesRequest:
    wanted = {"model": "m", "max_tokens": 1024, "messages": [{"role": "user", "content": "hello"}], **body}
    request = parse(HEAD, orjson.dumps(wanted))
    assert isinstance(request, MessagesRequest)
    return request


def prefilled(prefill: str, **body: Any) -> MessagesRequest:
    messages = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": prefill}]
    return asked(messages=messages, **body)


def wants(schema: Any) -> dict[str, Any]:
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}


def rule(name: str, text: str | None = None, *, tokens: int = 0, **when: Any) -> Rule:
    """A rule that answers with `text`, or a guard."""
    context = Context()
    conditions = compile_when(when or {"method": "POST"}, (), context)
    plan = None if text is None else AnswerPlan(compile_template(text, context.groups), "max_tokens", tokens)
    assert context.problems == []
    return Rule(name, "about", "f.toml", 1, conditions, plan)


def broken(name: str) -> Rule:
    def fail(_value: Any) -> bool:
        raise RuntimeError("a secret of the request")

    condition = Condition(FACTS["message_count"], "message_count", "is", 1, fail)
    return Rule(name, "about", "f.toml", 1, When((condition,)), AnswerPlan(compile_template("x", ()), "end_turn", 0))


def decide(request: MessagesRequest, *rules: Rule) -> Decision:
    return RuleSet(rules).decide(request)


def answer_to(request: MessagesRequest, *rules: Rule) -> Answer:
    decision = decide(request, *rules)
    assert isinstance(decision, Answer)
    return decision


def test_the_first_rule_that_matches_answers() -> None:
    rules = [rule("no", "0", model="other"), rule("first", "1"), rule("second", "2")]
    assert answer_to(asked(model="m"), *rules).rule == "first"
    assert answer_to(asked(model="other"), *rules).rule == "no"


@pytest.mark.parametrize("rules", [[], [rule("no", "0", model="other")]])
def test_without_a_rule_that_matches_a_request_is_forwarded(rules: list[Rule]) -> None:
    assert decide(asked(), *rules) == Forward("no rule matched")


def test_a_guard_forwards_in_its_name() -> None:
    assert decide(asked(), rule("guard"), rule("answers", "1")) == Forward("guarded", "guard")


def test_no_rule_but_a_guard_is_asked_about_the_whole_of_a_large_body() -> None:
    about: dict[str, Any] = {"fields": {"some": "messages"}}
    tools = [{"name": "a"}, {"name": "b"}]
    small = asked(tools=tools)
    large = asked(tools=tools, messages=[{"role": "user", "content": "x" * 1024}] * 1025)
    assert (small.size <= LARGE, large.size > LARGE) == (True, True)
    assert answer_to(small, rule("answers", "1", **about)).rule == "answers"
    assert decide(large, rule("answers", "1", **about)) == Forward("no rule matched")
    assert decide(large, rule("guards", **about)) == Forward("guarded", "guards")


def test_an_answer_holds_what_the_rule_and_the_request_say() -> None:
    request = asked(model="m", stream=True)
    answer = answer_to(request, rule("greet", "Hi, {{ user_text | upper }}.", tokens=3))
    assert answer == Answer("greet", "Hi, HELLO.", "max_tokens", "m", True, 3)


def test_a_rule_answers_with_what_its_pattern_captured() -> None:
    greet = rule("greet", "{{ rest }}", user_text={"pattern": "he(?P<rest>.*)"})
    assert answer_to(asked(), greet).text == "llo"


@pytest.mark.parametrize(("given", "tokens"), [(0, 0), (7, 7)])
def test_output_tokens_are_none_but_for_those_that_the_rule_gives(given: int, tokens: int) -> None:
    assert answer_to(asked(), rule("r", "x" * 400, tokens=given)).output_tokens == tokens


@pytest.mark.parametrize(
    ("prefill", "text", "rest"),
    [("{", '{"a":1}', '"a":1}'), ("", "abc", "abc"), ("abc", "abc", ""), ("日", "日本", "本")],
)
def test_an_answer_continues_the_prefill(prefill: str, text: str, rest: str) -> None:
    assert answer_to(prefilled(prefill), rule("r", text)).text == rest


@pytest.mark.parametrize(("prefill", "text"), [("[", '{"a":1}'), ("{ ", '{"a":1}'), ("abcd", "abc"), ("A", "abc")])
def test_an_answer_that_does_not_continue_the_prefill_is_declined(prefill: str, text: str) -> None:
    decision = decide(prefilled(prefill), rule("r", text), rule("next", "1"))
    assert decision == Forward("declined: the answer does not continue the prefill", "r")


def test_an_answer_that_fits_the_schema_is_given() -> None:
    assert answer_to(asked(**wants(TITLE)), rule("r", '{"title":"A"}')).text == '{"title":"A"}'


@pytest.mark.parametrize("text", ["A title", "{}", '{"title":1}', ""])
def test_an_answer_that_does_not_fit_the_schema_is_declined(text: str) -> None:
    decision = decide(asked(**wants(TITLE)), rule("r", text))
    assert decision == Forward("declined: the answer does not fit the requested schema", "r")


@pytest.mark.parametrize("schema", [{"type": "nope"}, {"$ref": "http://127.0.0.1:1/x"}])
def test_a_schema_that_is_not_plain_declines(schema: Any) -> None:
    decision = decide(asked(**wants(schema)), rule("r", '{"title":"A"}'))
    assert decision == Forward("declined: the requested schema is not a plain one", "r")


def test_a_schema_in_an_output_config_that_is_too_large_to_look_at_declines() -> None:
    """A format that is never looked at could be any."""
    output = {**wants(TITLE)["output_config"], "x": "a" * 70_000}
    decision = decide(asked(output_config=output), rule("r", '{"title":"A"}'))
    assert decision == Forward("declined: the requested schema is not a plain one", "r")


def test_the_schema_is_for_the_whole_text_with_the_prefill() -> None:
    assert answer_to(prefilled("{", **wants(TITLE)), rule("r", '{"title":"A"}')).text == '"title":"A"}'


def test_a_template_without_its_fact_declines() -> None:
    assert decide(asked(), rule("r", "{{ prefill }}")) == Forward("declined: the request has no prefill", "r")


def test_a_rule_that_declines_is_the_last_word() -> None:
    assert decide(asked(), rule("r", "{{ model }}"), rule("next", "1")).rule == "r"


def test_a_rule_that_breaks_forwards_and_names_only_the_kind_of_error() -> None:
    assert decide(asked(), broken("bad"), rule("next", "1")) == Forward("rule failed: RuntimeError", "bad")


def test_a_template_that_breaks_forwards() -> None:
    decision = decide(asked(), rule("bad", "{{ message_count | gerund }}"))
    assert decision == Forward("rule failed: TypeError", "bad")


@every(
    ("rules", "interested"),
    [
        ([], False),
        ([rule("guard")], False),
        ([rule("r", "1")], True),
        ([rule("r", "1", path="/v1/other")], False),
        ([rule("r", "1", path="/v1/other"), rule("s", "1", model="m")], True),
        ([rule("guard"), rule("r", "1", client_version={"min": "3.0"})], False),
    ],
)
def test_a_body_is_worth_reading_when_a_rule_could_answer_it(rules: list[Rule], interested: bool) -> None:
    assert RuleSet(tuple(rules)).interested(HEAD) is interested


@every(
    ("method", "path", "agent", "interested"),
    [
        ("POST", "/v1/messages", "claude-cli/2.1.330 (external, cli)", True),
        ("POST", "/v1/messages", "claude-cli/1.0.43 (external, cli)", True),
        ("GET", "/v1/messages", "claude-cli/2.1.330", False),
        ("POST", "/v1/messages/count_tokens", "claude-cli/2.1.330", False),
        ("GET", "/v1/models", "claude-cli/2.1.330", False),
        ("POST", "/v1/messages", "Anthropic/Python 2.12.0", False),
        ("POST", "/v1/messages", "", False),
    ],
)
def test_the_shipped_rules_look_into_messages_of_the_client_alone(
    shipped: Loaded, method: str, path: str, agent: str, interested: bool
) -> None:
    assert shipped.rules.interested(Head(method, path, {"user-agent": agent})) is interested


# The property: the shipped rules, over their own examples with parts replaced, and over anything in the shape of a
# message. Texts are cut and joined out of the examples, so that patterns match and filters see odd input.

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3),
    max_leaves=8,
)
FRAGMENTS = [
    "<session>\n",
    "\n</session>",
    "Command: ",
    "\nOutput: ",
    "git log `x`",
    "ONLY return the prefix.",
    "Warmup",
]
FRAGMENTS += [
    "quota",
    "#4711",
    "{{ x }}",
    "\u2028",
    "\x00",
    "é",
    "日本語",
    "🦀" * 3,
    "'",
    '"',
    "$(",
    "<<EOF\n",
    "\n",
    "\\",
]
MESSAGES = st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "system"]), "content": st.text()})
AGENTS = ["claude-cli/0.2.64", "claude-cli/1.0.43 (external, cli)", "claude-cli/2.0.42", "claude-cli/2.1.20"]
AGENTS += ["claude-cli/2.1.62", "claude-cli/2.1.100", "claude-cli/2.1.330 (external, cli)", "curl/8", ""]


def example_requests(loaded: Loaded) -> list[tuple[Head, dict[str, Any]]]:
    found = []
    for entry in (entry for entry in loaded.entries if entry.rule.respond is None):
        for example in (*entry.model.matches, *entry.model.misses):
            head, body = request_of(entry.base, entry.model.base, example)
            found.append((head, orjson.loads(body)))
    return found


@st.composite
def texts(draw: st.DrawFn, original: str) -> str:
    """The text with something put in, or a part of it."""
    start, end = (draw(st.integers(0, len(original))) for _ in range(2))
    middle = "".join(draw(st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=8), max_size=4)))
    put_in = original[:start] + middle + original[start:]
    return draw(st.sampled_from([put_in, original[:start] + middle + original[end:], original + middle, middle]))


def varied(draw: st.DrawFn, value: Any, *, shape: bool) -> Any:
    """A JSON value with here and there a text changed; with `shape`, also any part replaced by something else."""
    if shape and draw(st.integers(0, 15)) == 0:
        return draw(JSON)
    if isinstance(value, str):
        return draw(texts(value)) if draw(st.booleans()) else value
    if isinstance(value, list):
        return [varied(draw, item, shape=shape) for item in value]
    if isinstance(value, dict):
        # Types and roles are words of the format: to change them is to change the shape.
        words = () if shape else ("type", "role")
        return {key: item if key in words else varied(draw, item, shape=shape) for key, item in value.items()}
    return value


@st.composite
def variations(draw: st.DrawFn, examples: list[tuple[Head, dict[str, Any]]]) -> tuple[Head, dict[str, Any]]:
    """An example with its messages changed, or with everything changed."""
    head, body = draw(st.sampled_from(examples))
    if draw(st.booleans()):
        return head, {**body, "messages": varied(draw, body["messages"], shape=False)}
    agent = draw(st.sampled_from([head.headers["user-agent"], *AGENTS]))
    left = {key: value for key, value in body.items() if key == "messages" or draw(st.integers(0, 9))}
    return Head(head.method, head.path, {"user-agent": agent}), varied(draw, left, shape=True)


def test_of_heads_a_bounded_number_is_remembered_and_no_long_one(shipped: Loaded) -> None:
    rules = RuleSet(shipped.rules.rules)
    for number in range(300):
        assert not rules.interested(Head("POST", f"/{number}", {}))
    assert len(rules._asked) == 300 - 256
    long = Head("POST", "/v1/messages", {"user-agent": "claude-cli/2.1.330" + " " * 1024})
    assert rules.interested(long)
    assert len(rules._asked) == 300 - 256


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_the_shipped_rules_answer_or_forward_whatever_comes(shipped: Loaded, data: st.DataObject) -> None:
    head, body = data.draw(variations(example_requests(shipped)))
    request = parse(head, orjson.dumps(body))
    if not isinstance(request, MessagesRequest):
        return
    decision = shipped.rules.decide(request)
    assert isinstance(decision, Answer | Forward)
    if isinstance(decision, Forward):
        assert not decision.reason.startswith("rule failed")
        return
    assert shipped.rules.interested(head)
    assert decision.output_tokens == 0
    assert request.schema is None or not misfit((request.prefill or "") + decision.text, request.schema)


@settings(deadline=None)
@given(
    agent=st.sampled_from(AGENTS),
    messages=st.lists(
        st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "system"]), "content": st.text()}),
        min_size=1,
    ),
    body=st.dictionaries(st.sampled_from(["model", "system", "tools", "stream", "max_tokens", "output_config"]), JSON),
)
def test_the_shipped_rules_leave_made_up_conversations_to_the_model(
    shipped: Loaded, agent: str, messages: list[Any], body: dict[str, Any]
) -> None:
    head = Head("POST", "/v1/messages", {"user-agent": agent})
    request = parse(head, orjson.dumps({**body, "messages": messages}))
    assert isinstance(request, MessagesRequest)
    assert isinstance(shipped.rules.decide(request), Forward)
