"""Conditions: every operator on every kind of fact, groups of them, and every fault with its place."""

import tomllib
from typing import Any

import orjson
import pytest

from proxy.exchange import Head
from proxy.question.messages import MessagesRequest, parse
from proxy.rules.conditions import When, compile_when
from proxy.rules.operators import OPERATORS, Context
from proxy.settings.toml import dotted
from tests.cases import every

AGENT = "claude-cli/2.1.83 (external)"


def request_of(body: dict[str, Any], **headers: str) -> MessagesRequest:
    head = Head("POST", "/v1/messages", {"user-agent": AGENT} | headers)
    request = parse(head, orjson.dumps({"messages": [{"role": "user", "content": "hello"}], **body}))
    assert isinstance(request, MessagesRequest)
    return request


def user(content: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}]}


def texts(*values: str) -> dict[str, Any]:
    return user([{"type": "text", "text": value} for value in values])


def when(text: str) -> When:
    context = Context()
    compiled = compile_when(tomllib.loads(text), (), context)
    assert context.problems == []
    return compiled


def captured(text: str, body: dict[str, Any]) -> dict[str, str] | None:
    return when(text).match(request_of(body))


def problems(text: str) -> list[tuple[str, str]]:
    context = Context()
    compile_when(tomllib.loads(text), ("when",), context)
    return [(dotted(path), message) for path, message in context.problems]


# The condition, a body that meets it, and bodies that do not; an absent fact meets nothing but `present = false`.
TEXT = [
    ("model = 'abc'", {"model": "abc"}, [{"model": "abcd"}, {"model": "ABC"}, {}]),
    ("model = { is = 'abc' }", {"model": "abc"}, [{"model": "xabc"}, {}]),
    ("model = { in = ['a', 'b'] }", {"model": "b"}, [{"model": "ab"}, {}]),
    ("model = { starts_with = 'ab' }", {"model": "abc"}, [{"model": "cab"}, {"model": "a"}, {}]),
    ("model = { starts_with_any = ['ab', 'x.'] }", {"model": "x.z"}, [{"model": "xyz"}, {"model": "cab"}, {}]),
    ("model = { ends_with_any = ['ab', '.x'] }", {"model": "z.x"}, [{"model": "zyx"}, {"model": "abc"}, {}]),
    ("model = { ends_with = 'bc' }", {"model": "abc"}, [{"model": "bca"}, {}]),
    ("model = { contains = 'b' }", {"model": "abc"}, [{"model": "ac"}, {}]),
    ("model = { contains_any = ['b', 'x.z'] }", {"model": "ax.z"}, [{"model": "axyz"}, {"model": "ac"}, {}]),
    ("model = { pattern = 'b+' }", {"model": "abbc"}, [{"model": "ac"}, {}]),
    ("model = { pattern = '^b' }", {"model": "b"}, [{"model": "ab"}, {"model": "a\nb"}]),
    ("model = { pattern = '(?m)^b' }", {"model": "a\nb"}, [{"model": "ab"}]),
    ("model = { pattern = '(?s)\\Aa.b\\z' }", {"model": "a\nb"}, [{"model": "a\nb\n"}]),
    ("model = { pattern = '\\p{Cyrillic}' }", {"model": "aж"}, [{"model": "az"}]),
    ("model = { length = 3 }", {"model": "日本語"}, [{"model": "ab"}, {}]),
    ("model = { length = { min = 2, max = 3 } }", {"model": "ab"}, [{"model": "a"}, {"model": "abcd"}, {}]),
    ("model = { present = true }", {"model": "a"}, [{}, {"model": ""}]),
    ("model = { present = false }", {}, [{"model": "a"}]),
    ("model = { starts_with = 'a', ends_with = 'c' }", {"model": "abc"}, [{"model": "ab"}, {"model": "bc"}, {}]),
    ("user_text = ''", user(""), [user("a"), user([])]),
    ("user_text = { length = 0 }", user(""), [user("a"), user([])]),
    ("user_text = { present = true }", user(""), [user([])]),
]
INTEGER = [
    ("max_tokens = 5", {"max_tokens": 5}, [{"max_tokens": 6}, {"max_tokens": "5"}, {}]),
    ("max_tokens = { is = 0 }", {"max_tokens": 0}, [{"max_tokens": False}, {}]),
    ("max_tokens = { min = 5 }", {"max_tokens": 5}, [{"max_tokens": 4}, {}]),
    ("max_tokens = { max = 5 }", {"max_tokens": 5}, [{"max_tokens": 6}, {}]),
    ("max_tokens = { min = -1, max = 1 }", {"max_tokens": 0}, [{"max_tokens": 2}, {"max_tokens": -2}]),
    ("max_tokens = { present = true }", {"max_tokens": 0}, [{}, {"max_tokens": None}]),
    ("max_tokens = { present = false }", {}, [{"max_tokens": 0}]),
]
FLAG = [
    ("stream = true", {"stream": True}, [{"stream": False}, {"stream": 1}, {}]),
    ("stream = { is = false }", {"stream": False}, [{"stream": True}, {"stream": 0}, {}]),
    ("stream = { present = true }", {"stream": False}, [{}, {"stream": "true"}]),
    ("stream = { present = false }", {}, [{"stream": False}]),
]
TEXTS = [
    ("user_texts = ['a', 'b']", texts("a", "b"), [texts("b", "a"), texts("a"), texts()]),
    ("user_texts = { is = [] }", texts(), [texts("a")]),
    ("user_texts = { only = ['a', 'b'] }", texts("a", "a"), [texts("a", "c")]),
    ("user_texts = { only = ['a'] }", texts(), [texts("b")]),
    ("user_texts = { length = 2 }", texts("a", "b"), [texts("a"), texts()]),
    ("user_texts = { length = { max = 1 } }", texts(), [texts("a", "b")]),
    ("user_texts = { some = 'a' }", texts("b", "a"), [texts("b"), texts()]),
    ("user_texts = { some = { starts_with = 'a', ends_with = 'z' } }", texts("az"), [texts("ab", "yz"), texts()]),
    ("user_texts = { first = 'a' }", texts("a", "b"), [texts("b", "a"), texts()]),
    ("user_texts = { last = { contains = 'b' } }", texts("a", "abc"), [texts("b", "a"), texts()]),
    ("user_texts = { some = { length = { min = 3 } } }", texts("a", "abc"), [texts("ab", "c")]),
    ("user_texts = { first = 'a', last = 'c', length = 3 }", texts("a", "b", "c"), [texts("a", "c"), texts("a")]),
    ("user_texts = { present = true }", texts(""), [texts()]),
    ("user_texts = { present = false }", texts(), [texts("a")]),
    ("tools = { present = false }", {"tools": []}, [{"tools": [{}]}]),
    ("tools = { present = false }", {"tools": None}, [{"tools": [{"name": "Bash"}]}]),
    ("schema_properties = { length = 0 }", {"output_config": {"format": {"type": "json_schema"}}}, [{}]),
    ("schema_properties = { present = false }", {}, []),
]


@every(("condition", "met", "not_met"), [*TEXT, *INTEGER, *FLAG, *TEXTS])
def test_what_an_operator_says(condition: str, met: dict[str, Any], not_met: list[dict[str, Any]]) -> None:
    compiled = when(condition)
    assert compiled.match(request_of(met)) is not None
    assert [body for body in not_met if compiled.match(request_of(body)) is not None] == []


@every(
    ("condition", "met", "not_met"),
    [
        ("'2.1.83'", ["2.1.83"], ["2.1.8", "2.1.83.1", "2.1", "3"]),
        ("{ is = '2.1' }", ["2.1"], ["2.1.0", "2.1.83"]),
        ("{ min = '2.1.83' }", ["2.1.83", "2.1.100", "2.2", "3"], ["2.1.82", "2.1.9", "2.1", "1.9.9"]),
        ("{ below = '2.1.83' }", ["2.1.82", "2.1.9", "2.1", "1"], ["2.1.83", "2.1.100", "10.0"]),
        ("{ min = '1.0', below = '2.0' }", ["1.0", "1.99"], ["0.9", "2.0"]),
        ("{ present = true }", ["0"], ["none"]),
        ("{ present = false }", ["none"], ["0"]),
        ("{ below = '9' }", ["1"], ["none"]),
    ],
)
def test_what_an_operator_says_of_versions(condition: str, met: list[str], not_met: list[str]) -> None:
    compiled = when(f"client_version = {condition}")
    for version in met + not_met:
        request = request_of({}, **{"user-agent": f"claude-cli/{version}"})
        assert (compiled.match(request) is not None) is (version in met), version


def test_the_tables_above_know_every_operator() -> None:
    tables: dict[str, list[Any]] = {"text": TEXT, "integer": INTEGER, "flag": FLAG, "texts": TEXTS}
    for kind, table in tables.items():
        tests = [next(iter(tomllib.loads(condition).values())) for condition, _, _ in table]
        assert {name for test in tests if isinstance(test, dict) for name in test} == set(OPERATORS[kind])  # type: ignore[index]
    assert set(OPERATORS["version"]) == {"is", "min", "below", "present"}


def test_all_conditions_of_a_table_must_hold() -> None:
    text = "model = 'm'\nmax_tokens = 1\nstream = true"
    full = {"model": "m", "max_tokens": 1, "stream": True}
    assert captured(text, full) == {}
    for name in full:
        assert captured(text, {key: value for key, value in full.items() if key != name}) is None


def test_a_pattern_captures_its_named_groups() -> None:
    text = "user_text = { pattern = '(?P<verb>\\w+) (?P<object>\\w+)( now(?P<mark>!))?' }"
    assert captured(text, user("run tests now!")) == {"verb": "run", "object": "tests", "mark": "!"}
    assert captured(text, user("run tests")) == {"verb": "run", "object": "tests"}


def test_captures_of_all_conditions_come_together() -> None:
    text = "model = { pattern = '(?P<family>^\\w+)' }\nuser_texts = { last = { pattern = '(?P<word>\\w+)' } }"
    assert captured(text, {**texts("one", "two"), "model": "opus-5"}) == {"family": "opus", "word": "two"}


ANY = """
any = [
    { model = "m", user_text = { pattern = 'a(?P<one>.)' } },
    { user_text = { pattern = 'a(?P<two>.)' }, stream = true },
    { stream = true },
]
"""


@pytest.mark.parametrize(
    ("body", "groups"),
    [
        ({"model": "m"}, {"one": "b"}),
        ({"model": "m", "stream": True}, {"one": "b"}),
        ({"model": "n", "stream": True}, {"two": "b"}),
        ({"model": "n"}, None),
    ],
)
def test_any_takes_the_captures_of_its_first_group_that_holds_as_a_whole(body: Any, groups: Any) -> None:
    assert captured(ANY, {**user("ab"), **body}) == groups


def test_any_gives_no_captures_of_a_group_that_fails() -> None:
    text = "any = [{ user_text = { pattern = '(?P<one>a)' }, not = { stream = true } }, { stream = true }]"
    assert captured(text, {**user("a"), "stream": True}) == {}


@pytest.mark.parametrize(
    ("body", "holds"),
    [({"model": "m", "stream": True}, False), ({"model": "m"}, True), ({"stream": True}, True), ({}, True)],
)
def test_not_holds_when_its_table_as_a_whole_does_not(body: dict[str, Any], holds: bool) -> None:
    assert (captured("not = { model = 'm', stream = true }", body) is not None) is holds


def test_not_captures_nothing() -> None:
    assert captured("not = { user_text = { pattern = '(?P<a>x)' } }", user("y")) == {}


def test_any_and_not_stand_within_each_other() -> None:
    text = "not = { any = [{ model = 'a' }, { not = { stream = true } }] }"
    assert captured(text, {"model": "b", "stream": True}) == {}
    assert captured(text, {"model": "a", "stream": True}) is None
    assert captured(text, {"model": "b"}) is None


@pytest.mark.parametrize("text", ["header.X-App = 'cli'", "[header]\nx-app = { starts_with = 'cl' }"])
def test_a_header_is_tested_by_its_name_in_any_case(text: str) -> None:
    compiled = when(text)
    assert compiled.match(request_of({}, **{"x-app": "cli"})) == {}
    assert compiled.match(request_of({}, **{"x-app": "web"})) is None
    assert compiled.match(request_of({})) is None


def test_an_absent_header_can_be_asked_for() -> None:
    compiled = when("header.x-app.present = false\nheader.user-agent.present = true")
    assert compiled.match(request_of({})) == {}
    assert compiled.match(request_of({}, **{"x-app": ""})) is None


@every(
    ("text", "possible"),
    [
        ("method = 'POST'\npath = '/v1/messages'\nclient = 'claude-cli'", True),
        ("path = '/v1/other'\nmodel = 'm'", False),
        ("client_version = { below = '2.0' }", False),
        ("client_version = { min = '2.0' }\nmodel = 'm'\nuser_text = { pattern = 'a' }", True),
        ("header.x-app = 'cli'", False),
        ("header.x-app.present = false", True),
        ("model = 'never'", True),
        # What stands below `any` and `not` is not looked into: possible means that nothing rules it out.
        ("any = [{ path = '/v1/other' }, { path = '/v2' }]", True),
        ("not = { path = '/v1/messages' }", True),
    ],
)
def test_possible_judges_by_the_head_alone(text: str, possible: bool) -> None:
    assert when(text).possible(Head("POST", "/v1/messages", {"user-agent": AGENT})) is possible


@every(
    "text",
    ["path = '/v1/messages'\nmodel = 'm'", "client = 'x'", ANY, "header.x-app = 'cli'", "not = { client = 'x' }"],
)
@every("body", [{"model": "m"}, {**user("ab"), "stream": True}])
def test_what_matches_is_possible(text: str, body: dict[str, Any]) -> None:
    for headers in ({}, {"x-app": "cli"}, {"user-agent": "x/1"}):
        request = request_of(body, **headers)
        assert when(text).match(request) is None or when(text).possible(request.head)


@every("pattern", ["(a+)+$", "(a|aa)+$", "(a*)*b", "(.*)(.*)(.*)(.*)x$", "(?:a?){50}a{50}$"])
def test_a_pattern_of_exponential_time_elsewhere_returns(pattern: str) -> None:
    assert captured(f"user_text = {{ pattern = '^{pattern}' }}", user("a" * 100_000 + "!")) is None


@every(
    ("text", "path", "said"),
    [
        ("modle = 'm'", "when.modle", "unknown fact 'modle'; did you mean 'model'?"),
        ("zzz = 1", "when.zzz", "unknown fact 'zzz'; known are method, "),
        ("headers = { x = 'a' }", "when.headers", "did you mean 'header'?"),
        ("model = { start_with = 'm' }", "when.model.start_with", "did you mean 'starts_with'?"),
        ("model = { min = 1 }", "when.model.min", "unknown operator for text 'min'"),
        ("stream = { zzz = 1 }", "when.stream.zzz", "unknown operator for flag 'zzz'; known are is, present"),
        ("max_tokens = { below = 1 }", "when.max_tokens.below", "unknown operator for integer"),
        ("client_version = { max = '1' }", "when.client_version.max", "unknown operator for version"),
        ("system = { contains = 'a' }", "when.system.contains", "unknown operator for texts"),
        ("model = 5", "when.model", "found 5 (integer), expected a string"),
        ("model = { is = true }", "when.model.is", "found true (boolean), expected a string"),
        ("model = ['a']", "when.model", "expected a string"),
        ("model = { in = 'a' }", "when.model.in", "found 'a', expected an array of strings"),
        ("model = { in = [1] }", "when.model.in", "expected an array of strings"),
        ("model = { contains = 5 }", "when.model.contains", "found 5 (integer), expected a string"),
        ("model = { contains = '' }", "when.model.contains", "an empty string would match everything"),
        ("model = { starts_with = '' }", "when.model.starts_with", "an empty string would match everything"),
        ("model = { ends_with = '' }", "when.model.ends_with", "an empty string would match everything"),
        ("model = { pattern = 5 }", "when.model.pattern", "found 5 (integer), expected a pattern"),
        ("model = { present = 'yes' }", "when.model.present", "found 'yes' (string), expected true or false"),
        ("model = { present = 0 }", "when.model.present", "found 0 (integer), expected true or false"),
        ("model = { length = { mni = 5 } }", "when.model.length.mni", "did you mean 'min'?"),
        ("model = { length = { min = '5' } }", "when.model.length.min", "found '5' (string), expected an integer"),
        ("max_tokens = '5'", "when.max_tokens", "found '5' (string), expected an integer"),
        ("max_tokens = 5.0", "when.max_tokens", "found 5.0 (float), expected an integer"),
        ("max_tokens = true", "when.max_tokens", "found true (boolean), expected an integer"),
        ("max_tokens = { min = true }", "when.max_tokens.min", "expected an integer"),
        ("stream = 1", "when.stream", "found 1 (integer), expected true or false"),
        ("stream = 'true'", "when.stream", "found 'true' (string), expected true or false"),
        ("client_version = 2", "when.client_version", "expected a version such as"),
        ("client_version = { min = 2.1 }", "when.client_version.min", "found 2.1, expected a version such as"),
        ("client_version = { below = '2.x' }", "when.client_version.below", "found '2.x', expected a version"),
        ("user_texts = 'a'", "when.user_texts", "found 'a', expected an array of strings"),
        ("user_texts = { only = ['a', 1] }", "when.user_texts.only", "expected an array of strings"),
        ("user_texts = { some = { contans = 'a' } }", "when.user_texts.some.contans", "did you mean 'contains'?"),
        ("user_texts = { first = { is = 1 } }", "when.user_texts.first.is", "found 1 (integer), expected a string"),
        ("any = { model = 'm' }", "when.any", "expected an array of tables"),
        ("any = []", "when.any", "expected an array of tables"),
        ("any = ['m']", "when.any", "expected an array of tables"),
        ("any = [{ model = 'm' }, { modle = 'm' }]", "when.any[1].modle", "did you mean 'model'?"),
        ("not = ['m']", "when.not", "expected a table of conditions"),
        ("not = { not = { modle = 'm' } }", "when.not.not.modle", "did you mean 'model'?"),
        ("header = 'x'", "when.header", "expected a table of header names"),
        ("header.x-app = 5", "when.header.x-app", "found 5 (integer), expected a string"),
        ("header.x-app.contans = 'a'", "when.header.x-app.contans", "did you mean 'contains'?"),
    ],
)
def test_what_is_wrong_is_reported_with_its_path_and_help(text: str, path: str, said: str) -> None:
    [(found, message)] = problems(text)
    assert found == path
    assert said in message


@pytest.mark.parametrize("text", ["model = { length = 'x' }", "user_texts = { some = 5 }", "user_texts = { last = 5 }"])
def test_a_wrong_operand_in_the_short_form_of_a_table_is_reported_below_it(text: str) -> None:
    [(found, _)] = problems(text)
    [(name, test)] = tomllib.loads(text).items()
    assert found.startswith(f"when.{name}.{next(iter(test))}")


@every("pattern", ["(", "[a", "a**", "(?=a)", "\\1", "(?<!a)b", "\\Z", "a{2000}"])
def test_a_pattern_that_is_none_is_reported(pattern: str, capfd: pytest.CaptureFixture[str]) -> None:
    [(path, message)] = problems(f"model = {{ pattern = '{pattern}' }}")
    assert path == "when.model.pattern"
    assert message.startswith("not a pattern: ")
    assert "".join(capfd.readouterr()) == ""


def test_everything_wrong_is_reported_at_once() -> None:
    found = problems(
        """
        modle = "m"
        max_tokens = "5"
        model = { contans = "a", pattern = "(", starts_with = "" }
        any = [{ streem = true }, { model = 1 }]
        not = { tools = 1 }
        header.x-app = 1
        system = { first = { length = { mni = 1 }, is = 1 } }
        """
    )
    assert [path for path, _ in found] == [
        "when.modle",
        "when.max_tokens",
        "when.model.contans",
        "when.model.pattern",
        "when.model.starts_with",
        "when.any[0].streem",
        "when.any[1].model",
        "when.not.tools",
        "when.header.x-app",
        "when.system.first.length.mni",
        "when.system.first.is",
    ]


def test_the_names_of_all_groups_are_noted() -> None:
    patterns = "model = { pattern = '(?P<a>x)(y)' }\nany = [{ system = { some = { pattern = '(?P<b>x)' } } }]"
    context = Context()
    compile_when(tomllib.loads(patterns), (), context)
    assert context.groups == {"a", "b"}


@every(
    ("text", "place"),
    [
        ("user_text = {}", "when.user_text"),
        ("any = [{}]", "when.any[0]"),
        ("not = {}", "when.not"),
        ("user_texts = { length = {} }", "when.user_texts.length"),
        ("user_texts = { some = {} }", "when.user_texts.some"),
    ],
)
def test_a_table_that_would_constrain_nothing_is_refused(text: str, place: str) -> None:
    assert [where for where, said in problems(text) if "at least one" in said] == [place]


def test_an_element_that_fails_leaves_no_capture_behind() -> None:
    text = "user_texts = { some = { pattern = '^a(?P<b>b)?', ends_with = 'z' } }"
    assert captured(text, texts("ab", "az")) == {}


def test_a_header_that_is_no_text_matches_no_pattern() -> None:
    assert not when("header.x = { pattern = 'a' }").possible(Head("POST", "/", {"x": "\udcff"}))
