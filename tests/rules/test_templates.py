"""Answer templates: what they may name, what makes them decline, and the walls around them."""

import re
from typing import Any

import orjson
import pytest
from jinja2 import Environment

from proxy.exchange import Head
from proxy.filters.decline import Decline
from proxy.messages import MessagesRequest, parse
from proxy.rules.facts import FACTS
from proxy.rules.templates import TextTemplate, compile_template


def request_of(**body: Any) -> MessagesRequest:
    head = Head("POST", "/v1/messages", {"user-agent": "claude-cli/2.1.83"})
    request = parse(head, orjson.dumps({"messages": [{"role": "user", "content": "hello"}], **body}))
    assert isinstance(request, MessagesRequest)
    return request


def rendered(text: str, groups: dict[str, str] | None = None, **body: Any) -> str:
    groups = groups or {}
    return compile_template(text, groups).render(request_of(**body), groups)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("Ready.", "Ready."),
        ("{{ user_text }}", "hello"),
        ("{{ user_text | upper }}", "HELLO"),
        ("{{ '  a ' | trim }}.", "a."),
        ("{{ user_texts | first }}-{{ user_texts | last }}", "hello-hello"),
        ("{{ user_texts | join(', ') }}", "hello"),
        ("{{ user_text | replace('l', 'L') }}", "heLLo"),
        ("{{ method }} {{ path }} {{ client }}", "POST /v1/messages claude-cli"),
        ("{{ message_count }}", "1"),
        ("{% if message_count == 1 %}one{% else %}many{% endif %}", "one"),
        ("{% for text in user_texts %}[{{ text }}]{% endfor %}", "[hello]"),
        ("{% set a = 'x' %}{{ a }}", "x"),
        ("<b> & 'c'", "<b> & 'c'"),
        ("{{ '<b>' }}", "<b>"),
        ("${HOME} $HOME %s {x}", "${HOME} $HOME %s {x}"),
    ],
)
def test_a_template_is_text_with_facts_and_filters(text: str, shown: str) -> None:
    assert rendered(text) == shown


def test_captured_groups_are_names_and_go_before_facts() -> None:
    assert rendered("{{ word | upper }} {{ model }}", {"word": "a", "model": "group"}, model="fact") == "A group"


def test_what_is_captured_is_data_and_not_a_template() -> None:
    assert rendered("{{ word }}", {"word": "{{ user_text }}{% if"}) == "{{ user_text }}{% if"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{{ {"title": word} | json }}', {"title": 'say "hi"\n\u2028日本 <b>'}),
        ("{{ word | json }}", 'say "hi"\n\u2028日本 <b>'),
        ("{{ user_texts | json }}", ["hello"]),
        ("{{ [true, none, 1, 1.5] | json }}", [True, None, 1, 1.5]),
    ],
)
def test_the_filter_json_writes_json(text: str, value: Any) -> None:
    shown = rendered(text, {"word": 'say "hi"\n\u2028日本 <b>'})
    assert orjson.loads(shown) == value
    assert orjson.dumps(value).decode() == shown


@pytest.mark.parametrize("name", ["model", "max_tokens", "stream", "prefill", "schema_properties"])
def test_a_template_that_names_what_the_request_does_not_say_declines(name: str) -> None:
    with pytest.raises(Decline, match=f"the request has no {name}"):
        rendered(f"{{{{ {name} }}}}")


def test_what_is_empty_is_said_all_the_same() -> None:
    assert rendered("[{{ system | join }}{{ prefill }}]", messages=[{"role": "assistant", "content": ""}]) == "[]"


@pytest.mark.parametrize("text", ["{{ word }}", "{{ word | upper }}", "{{ user_text.missing }}", "{{ user_texts[5] }}"])
def test_a_name_without_a_value_declines(text: str) -> None:
    """A group of a pattern need not take part in the match."""
    with pytest.raises(Decline, match="template: UndefinedError"):
        compile_template(text, {"word"}).render(request_of(), {})


def test_a_filter_may_decline() -> None:
    def unsure(_text: str) -> str:
        raise Decline("unsure")

    environment = Environment()
    environment.filters["unsure"] = unsure
    template = TextTemplate(environment.from_string("{{ user_text | unsure }}"), ("user_text",))
    with pytest.raises(Decline, match=r"^unsure$"):
        template.render(request_of(), {})


@pytest.mark.parametrize("name", ["range", "cycler", "dict", "lipsum", "joiner", "namespace", "config", "usertext"])
@pytest.mark.parametrize("shape", ["{{ NAME }}", "{{ NAME(3) }}", "{% for x in NAME(3) %}{% endfor %}"])
def test_a_name_that_is_neither_a_fact_nor_a_group_is_refused(name: str, shape: str) -> None:
    with pytest.raises(ValueError, match=rf"unknown name '{name}'.*\(captured: one, two\)"):
        compile_template(shape.replace("NAME", name), {"two", "one"})


@pytest.mark.parametrize("name", ["safe", "attr", "format", "map", "pprint", "tojson", "upperr", "e"])
def test_a_filter_that_is_not_ours_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"not a template: No filter named '{name}'"):
        compile_template(f"{{{{ user_text | {name} }}}}", ())


@pytest.mark.parametrize("text", ["{{", "{{ }}", "{% if %}", "{% if true %}", "{{ 'a }}", "{% nope %}", "{{ a b }}"])
def test_a_syntax_error_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a template: "):
        compile_template(text, {"a", "b"})


@pytest.mark.parametrize(
    "text",
    [
        "{{ user_text.__class__ }}",
        "{{ user_text.__class__.__mro__ }}",
        "{{ user_text['__class__'] }}",
        "{{ user_texts.__init__.__globals__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ '{0.__class__}'.format(user_text) }}",
    ],
)
def test_there_is_no_way_out_of_the_sandbox(text: str) -> None:
    """Refused at load, declined, or at the least empty of everything internal."""
    try:
        shown = rendered(text)
    except (ValueError, Decline):
        return
    assert not re.search("class|object|globals|builtin", shown)


def test_a_template_knows_the_facts_it_names_and_no_others() -> None:
    template = compile_template("{{ user_text }}{{ word }}{% if model %}{{ stream }}{% endif %}", {"word"})
    assert set(template.facts) == {"user_text", "model", "stream"}


@pytest.mark.parametrize("name", list(FACTS))
def test_every_fact_can_be_named(name: str) -> None:
    assert compile_template(f"{{{{ {name} }}}}", ()).facts == (name,)


@pytest.mark.parametrize(
    "text",
    [
        "{{ user_text(a=1, a=1) }}",
        "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
        "{% if model %}{{ model | nope }}{% endif %}",
    ],
)
def test_what_could_only_fail_later_is_refused_at_once(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a template|unknown filter"):
        compile_template(text, ())
