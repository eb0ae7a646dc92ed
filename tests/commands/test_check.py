"""`check`: the examples of all rules on all rules."""

from pathlib import Path

import pytest

from tests.commands.given import BASE, HELLO, Program, rule
from tests.process import run

STARTS = 'user_text = { starts_with = "hello" }'


def test_all_is_well(program: Program) -> None:
    program.file("1.toml", BASE + HELLO)
    assert program.run("check") == (0, "1 rule, 2 examples: all is well\n", "")
    assert program.json("check") == (0, {"ok": True, "rules": 1, "examples": 2, "problems": []})


def test_a_fault_in_loading_is_told_with_file_and_line(program: Program) -> None:
    program.file("1.toml", BASE + HELLO)
    program.file(
        "2.toml", BASE + HELLO.replace('"hello"\nabout', '"other"\nabout').replace("message_count", "mesage_count")
    )
    code, out, err = program.run("check")
    assert (code, err) == (1, "")
    assert out.startswith("2.toml:11: rules[0].when.mesage_count: unknown fact 'mesage_count'; did you mean")
    assert out.endswith("1 rule, 2 examples: 1 problem\n")


def test_every_sort_of_fault_is_told_in_one_run_each_with_its_line(program: Program) -> None:
    named = HELLO.replace('name = "hello"', 'name = "NAME"')
    program.file("1.toml", BASE + HELLO)
    program.file("2-toml.toml", "[[rules]]\nname = \n")
    program.file("3-fact.toml", BASE + named.replace("NAME", "fact").replace("message_count", "weather"))
    program.file("4-pattern.toml", BASE + named.replace("NAME", "pattern").replace('"hello" }', '{ pattern = "(" } }'))
    program.file("5-example.toml", BASE + named.replace("NAME", "example").replace('answer = "Hi"', 'answer = "Ho"'))
    program.file("6-claim.toml", BASE + rule("claim", STARTS, "hello there"))
    code, told = program.json("check")
    assert code == 1
    assert [(Path(problem["file"]).name[0], problem["line"]) for problem in told["problems"]] == [
        ("1", 13),
        ("2", 2),
        ("3", 11),
        ("4", 11),
        ("5", 13),
    ]
    messages = " ".join(problem["message"] for problem in told["problems"])
    for said in ("two rules claim one example", "not TOML", "unknown fact", "not a pattern", "expected 'Ho'"):
        assert said in messages


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param(
            rule("wide", STARTS, "hello there"),
            rule("narrow", 'user_text = "hello"', "hello"),
            [
                "unreachable: every one of its examples is taken by 'wide' (1.toml:6)",
                "'its example': two rules claim one example: "
                "'wide' (1.toml:6) is asked first, and takes it from 'narrow'",
            ],
            id="an earlier rule takes a later one's example",
        ),
        pytest.param(
            rule("narrow", 'user_text = "hello"', "hello"),
            rule("wide", STARTS, "hello there"),
            ["'its example': two rules claim one example: 'wide' (2.toml:6) matches it as well"],
            id="a later rule would take it too",
        ),
        pytest.param(
            rule("narrow", 'user_text = "hello"', "hello"),
            rule("guard", STARTS, "hello there", guard=True),
            [
                "unreachable: every one of its examples is taken by the guard 'guard' (2.toml:6)",
                "'its example': the guard 'guard' (2.toml:6) is asked first, and takes it from 'narrow'",
            ],
            id="a guard takes an answering rule's example",
        ),
        pytest.param(
            rule("guard", 'user_text = "hello"', "hello", guard=True),
            rule("wide", STARTS, "hello there"),
            [],
            id="a guard keeps its own from a rule that answers",
        ),
        pytest.param(
            rule("narrow", 'user_text = "hello"', "hello"),
            rule("wide", STARTS, "hello there", status="shadow"),
            ["'its example': two rules claim one example: 'wide' (2.toml:6) matches it as well"],
            id="a rule in shadow counts",
        ),
        pytest.param(
            rule("wide", STARTS, "hello there", status="off"),
            rule("narrow", 'user_text = "hello"', "hello"),
            [],
            id="a rule that is off does not",
        ),
    ],
)
def test_rules_that_get_in_each_others_way(program: Program, first: str, second: str, expected: list[str]) -> None:
    program.file("1.toml", BASE + first)
    program.file("2.toml", BASE + second)
    code, told = program.json("check")
    assert [problem["message"] for problem in told["problems"]] == expected
    assert (code, told["ok"], told["rules"]) == (1 if expected else 0, not expected, 2)


def test_a_fault_among_rules_has_the_line_of_the_example(program: Program) -> None:
    program.file("1.toml", BASE + rule("wide", STARTS, "hello there") + rule("narrow", 'user_text = "hello"', "hello"))
    _, out, _ = program.run("check")
    lines = (program.folder / "1.toml").read_text().splitlines()
    place, key, _ = out.splitlines()[1].split(": ", 2)
    assert key == "rules[1].matches[0]"
    assert lines[int(place.removeprefix("1.toml:")) - 1].startswith("matches")


def test_a_rule_that_is_off_is_held_to_its_own_examples(program: Program) -> None:
    program.file("1.toml", BASE + HELLO)
    program.file("2.toml", BASE + rule("sleeping", 'user_text = "hello"', "good night", status="off"))
    code, out, _ = program.run("check")
    assert code == 1
    assert "2.toml:13: rules[0].matches[0]: 'its example': the rule does not match it" in out


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ('user_text = "hullo"', 'user_text is "hullo": found "hello"'),
        ('message_count = 1, system = { last = "x" }', 'system last "x": found []'),
        ('user_text = "hello", prefill = "{"', 'prefill is "{": nothing is said of it'),
        ("any = [{ message_count = 3 }, { message_count = 2 }]", "any message_count is 3: found 1"),
        ('not = { user_text = "hello" }', 'not user_text is "hello": found "hello"'),
    ],
)
def test_an_example_that_does_not_match_is_told_why(program: Program, when: str, said: str) -> None:
    program.file("1.toml", BASE + rule("odd", when, "hello"))
    code, out, _ = program.run("check")
    assert code == 1
    assert f"'its example': the rule does not match it; the first condition that fails is {said}\n" in out


def test_a_configuration_that_cannot_be_used_is_a_usage_error(program: Program) -> None:
    code, out, err = program.run("check", "--set", "listen.port=no")
    assert (code, out) == (2, "")
    assert "--set: listen.port: found 'no' (string)" in err


async def test_the_shipped_rules_are_well_as_a_process_of_its_own() -> None:
    code, said, complained = await run("check")
    assert (code, complained) == (0, ""), said
    assert said.endswith(" examples: all is well\n")


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        *(
            (f'replay = {{ headers = "{prefix}" }}', "replay.headers")
            for prefix in (
                "content-",
                "Content-Length",
                "c",
                "transfer-enc",
                "conn",
                "x-",
                "X-Sidestep-",
                "request-",
                "t",
            )
        ),
        *(
            (f'headers = {{ {name} = "1" }}', f"headers.{name}")
            for name in ("content-length", "Content-Type", "Transfer-Encoding", "connection", "x-sidestep-rule")
        ),
    ],
)
def test_what_sidestep_sets_itself_is_neither_repeated_nor_set_by_a_rule(
    program: Program, answer: str, key: str
) -> None:
    program.file("1.toml", BASE + HELLO.replace('text = "Hi"', f'text = "Hi", {answer}'))
    code, out, _ = program.run("check")
    assert code == 1
    assert out.startswith(f"1.toml:12: rules[0].answer.{key}: found")
    assert "that Sidestep" in out


@pytest.mark.parametrize("answer", ['replay = { headers = "anthropic-ratelimit-" }', 'headers = { X-Note = "1" }'])
def test_other_headers_are_repeated_and_set(program: Program, answer: str) -> None:
    program.file("1.toml", BASE + HELLO.replace('text = "Hi"', f'text = "Hi", {answer}'))
    assert program.run("check")[0] == 0
