"""Answer templates: what they may name, what makes them decline, and the walls around them."""

import gc
import re
import weakref
from contextlib import suppress
from typing import Any

import orjson
import pytest
from jinja2 import Environment, nodes

from proxy.exchange import Head
from proxy.filters.decline import Decline
from proxy.question.messages import MessagesRequest, parse
from proxy.rules.facts import FACTS
from proxy.rules.templates import _ALLOWED, _ENVIRONMENT, LONGEST, TextTemplate, compile_template
from tests.cases import every


def request_of(**body: Any) -> MessagesRequest:
    head = Head("POST", "/v1/messages", {"user-agent": "claude-cli/2.1.83"})
    request = parse(head, orjson.dumps({"messages": [{"role": "user", "content": "hello"}], **body}))
    assert isinstance(request, MessagesRequest)
    return request


def rendered(text: str, groups: dict[str, str] | None = None, **body: Any) -> str:
    groups = groups or {}
    return compile_template(text, groups).render(request_of(**body), groups)


@every(
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
        ("{{ 'one' if message_count == 1 and path is defined else 'many' }}", "one"),
        ("{{ [1, 2] | join('-') }}", "1-2"),
        ("{{ 'aXbX' | replace('X', '') }}", "ab"),
        ("{{ user_text | unwrapped('h', 'lo') }}", "el"),
        ("{{ user_text | unwrapped('x', 'lo') }}", "hello"),
        ("{{ user_text | unwrapped('', '') }}", "hello"),
        ("{{ '<<a>b>>' | unwrapped('<', '>') }}", "<a>b>"),
        ("{{ '<a>b>c' | unwrapped('<', '>') }}", "a>b"),
        ("{{ '<>' | unwrapped('<', '>') }}", ""),
        ("{{ 12321 | unwrapped(1, 1) }}", "232"),
        ("{# a remark #}x", "x"),
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


@every("name", ["model", "max_tokens", "stream", "prefill", "schema_properties"])
def test_a_template_that_names_what_the_request_does_not_say_declines(name: str) -> None:
    with pytest.raises(Decline, match=f"the request has no {name}"):
        rendered(f"{{{{ {name} }}}}")


def test_what_is_empty_is_said_all_the_same() -> None:
    assert rendered("[{{ system | join }}{{ prefill }}]", messages=[{"role": "assistant", "content": ""}]) == "[]"


@pytest.mark.parametrize(
    "text", ["{{ word }}", "{{ word | upper }}", "{{ word | join }}", "{{ 'a' | replace(word, '') }}"]
)
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


@every("name", ["range", "cycler", "dict", "lipsum", "joiner", "namespace", "config", "usertext"])
@every("shape", ["{{ NAME }}", "{% if NAME %}{% endif %}", "{{ 'a' | replace('a', NAME) }}"])
def test_a_name_that_is_neither_a_fact_nor_a_group_is_refused(name: str, shape: str) -> None:
    with pytest.raises(ValueError, match=rf"unknown name '{name}'.*\(captured: one, two\)"):
        compile_template(shape.replace("NAME", name), {"two", "one"})


@every("name", ["safe", "attr", "format", "map", "pprint", "tojson", "upperr", "e"])
def test_a_filter_that_is_not_ours_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"unknown filter '{name}': known are command_prefix, "):
        compile_template(f"{{{{ user_text | {name} }}}}", ())


@every("text", ["{{", "{{ }}", "{% if %}", "{% if true %}", "{{ 'a }}", "{% nope %}", "{{ a b }}"])
def test_a_syntax_error_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a template: "):
        compile_template(text, {"a", "b"})


@every(
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


@every("name", list(FACTS))
def test_every_fact_can_be_named(name: str) -> None:
    assert compile_template(f"{{{{ {name} }}}}", ()).facts == (name,)


@pytest.mark.parametrize(
    "text",
    [
        "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
        "{% if model %}{{ model | nope }}{% endif %}",
    ],
)
def test_what_could_only_fail_later_is_refused_at_once(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a template|unknown filter"):
        compile_template(text, ())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{ {[]: 1} | json }}", "not a template: unhashable"),
        ("{{ [" + "1," * 5000 + "] | json }}", "longer than 8192 characters"),
        ("a" * 9000, "longer than 8192 characters"),
    ],
    ids=["a list as a key", "a long literal", "a long constant"],
)
def test_what_jinja_cannot_compute_and_what_is_long_to_compile_is_a_fault(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        compile_template(text, ())


@every(
    ("text", "found"),
    [
        ("{% for a in [1]*100000000 %}x{% endfor %}", "for"),
        ("{% for text in user_texts %}{% endfor %}", "for"),
        ("{{ 'a'*1000000000 }}", "mul"),
        ("{{ [1]*1000000000 }}", "mul"),
        ("{% if 'a'*1000000000 %}{% endif %}", "mul"),
        ("{{ 9**9**9**9 }}", "pow"),
        ("{{ 'a' % 1 }}", "mod"),
        ("{{ '%1000000000d' % 1 }}", "mod"),
        ("{{ user_text + user_text }}", "add"),
        ("{{ user_text ~ user_text }}", "concat"),
        ("{{ user_text() }}", "call"),
        ("{{ user_text.center(1000000000) }}", "call"),
        ("{{ user_text.center }}", "getattr"),
        ("{{ user_texts[0] }}", "getitem"),
        ("{% set a = 'x' %}{{ a }}", "assign"),
        ("{% macro a() %}{{ a() }}{% endmacro %}", "macro"),
        ("{% include 'a' %}", "include"),
        ("{% filter upper %}a{% endfilter %}", "filterblock"),
        ("{% block a %}{% endblock %}", "block"),
    ],
)
def test_what_may_work_for_ever_or_say_any_length_is_refused_before_it_is_compiled(text: str, found: str) -> None:
    with pytest.raises(ValueError, match=rf"found '{found}' in line 2 of the template: a template is of text, names"):
        compile_template(f"\n{text}", ())


@pytest.mark.parametrize(
    "text",
    [
        "{{ word | replace('a', word) }}",
        "{{ [word, word, word, word] | join(word) }}",
        "{{ '\"' " + "| json" * 24 + " }}",
        "{{ 'a' " + "| replace('a', 'aaaaaaaaaa')" * 10 + " }}",
        "{{ word }}" * 6,
    ],
)
def test_what_is_said_and_made_on_the_way_to_it_is_bounded(text: str) -> None:
    with pytest.raises(Decline, match="template: too long"):
        rendered(text, {"word": "a" * (LONGEST // 5)})


@pytest.mark.parametrize("name", ["gerund", "session_title", "topic | json"])
def test_a_filter_declines_a_text_that_is_longer_than_it_answers(name: str) -> None:
    with pytest.raises(Decline, match="too long"):
        rendered(f"{{{{ word | {name} }}}}", {"word": "fix the parser " * 10_000})


@pytest.mark.parametrize(
    ("word", "start", "end"),
    [("<", "<", ">"), ("<a", "<", ">"), ("<a)", "<", ">"), ("<<", "<<", "<>"), ("<<>", "<<", "<>")],
)
def test_a_wrapping_without_an_end_is_declined_and_what_both_share_is_no_end(word: str, start: str, end: str) -> None:
    with pytest.raises(Decline, match="template: not wrapped to its end"):
        rendered(f"{{{{ word | unwrapped('{start}', '{end}') }}}}", {"word": word})


class Kept:
    """Something in a request that can be asked whether it is still there."""


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{{ word | session_title }}", Decline),
        ("{{ missing }}", Decline),
        ("{{ message_count | upper | first | gerund | join(1) }}", TypeError),
    ],
)
def test_a_template_that_fails_keeps_nothing_of_the_request(text: str, error: type[Exception]) -> None:
    """Jinja's frames and the error would hold each other, and with them the body, until a full collection."""
    template, kept = compile_template(text, {"word", "missing", "kept"}), Kept()
    gone = weakref.ref(kept)
    gc.disable()
    try:
        with suppress(error):
            template.render(request_of(), {"word": "", "kept": kept})  # type: ignore[dict-item]
        del kept
        assert gone() is None
    finally:
        gc.enable()


EVERY_KIND = (
    *("text", "{{ word }}", "{{ 1 }}|{{ 'a' }}|{{ none }}", "{{ word | upper | replace('A', 'b') }}"),
    *("{{ {'a': word, 'b': [1, 2], 'c': (1, word)} | json }}", "{{ [word, 'x'] | join(between='-') }}"),
    *("{% if word == 'a' %}1{% elif word in ['b'] %}2{% else %}3{% endif %}", "{{ 1 if word < 'b' else 2 }}"),
    *("{{ 1 if word is defined and not nothing is defined or word != 'a' }}", "{{ stream }}{{ client_version }}"),
)


@pytest.mark.parametrize("text", EVERY_KIND)
def test_what_is_rendered_is_what_jinja_would_render(text: str) -> None:
    """All kinds of nodes that a template may have, since none of them may ask for more of Jinja's context."""
    request, groups = request_of(stream=True), {"word": "a", "nothing": "n"}
    template = compile_template(text, groups)
    values = {**groups, "stream": True, "client_version": request.head.client and request.head.client[1]}
    assert template.render(request, groups) == template.template.render(values)


def test_all_kinds_of_nodes_are_among_them() -> None:
    trees = [_ENVIRONMENT.parse(text) for text in EVERY_KIND]
    found = {type(node) for tree in trees for node in [tree, *tree.find_all(nodes.Node)]}
    assert found == {*_ALLOWED}
