"""`rules`: all rules in the order in which they are asked."""

import json

from tests.commands.given import BASE, HELLO, Program, rule
from tests.process import run

AGREEMENT = {"same": 3, "different": 1, "not compared": 0, "upstream error": 2}


def _files(program: Program) -> None:
    audited = {"audited": [True] * 9 + [False]}
    program.file("agreement.json", json.dumps({"hello": audited, "learning": AGREEMENT, "gone": AGREEMENT}))
    program.file("1.toml", BASE + HELLO + rule("sleeping", 'user_text = "hey"', "hey", status="off"))
    program.file("2.toml", BASE + rule("guard", 'user_text = "yes"', "yes", guard=True))
    program.file("3.toml", BASE + rule("learning", 'user_text = "no"', "no", status="shadow"))


def test_guards_come_first_and_rules_that_are_off_have_no_number(program: Program) -> None:
    _files(program)
    code, out, err = program.run("rules")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "no.  rule      status  action   about       tested with   in shadow          audits   place",
        "1    guard     on      forward  guard                                                 2.toml:6",
        "2    hello     on      answer   a greeting  1.0.0-2.0.64                     9 of 10  1.toml:6",
        "-    sleeping  off     answer   sleeping                                              1.toml:16",
        "3    learning  shadow  answer   learning                  3 of 4 (2 errors)           3.toml:6",
    ]


def test_the_same_for_machines(program: Program) -> None:
    _files(program)
    code, told = program.json("rules")
    assert (code, told["problems"]) == (0, [])
    assert [(row["number"], row["name"]) for row in told["rules"]] == [
        (1, "guard"),
        (2, "hello"),
        (None, "sleeping"),
        (3, "learning"),
    ]
    assert told["rules"][1] == {
        "number": 2,
        "name": "hello",
        "status": "on",
        "action": "answer",
        "about": "a greeting",
        "tested": {"first": "1.0.0", "last": "2.0.64"},
        "agreement": {"same": 0, "different": 0, "not compared": 0, "upstream error": 0},
        "audits": {"same": 9, "compared": 10},
        "overridden": {},
        "file": str(program.folder / "1.toml"),
        "line": 6,
    }
    assert told["rules"][3]["agreement"] == AGREEMENT


def test_a_rule_that_does_not_load_is_told_and_the_others_are_listed(program: Program) -> None:
    program.file("1.toml", BASE + HELLO)
    program.file("2.toml", "[[rules]]\nname = 3\n")
    code, out, err = program.run("rules")
    assert code == 1
    assert "hello" in out
    assert err.startswith("2.toml:2: rules[0].name: found 3 (integer), expected a string\n")


async def test_the_shipped_rules_as_a_process_of_its_own() -> None:
    code, said, complained = await run("rules")
    assert (code, complained) == (0, "")
    assert "rules/10-quota-probe.toml:" in said


def test_what_the_settings_say_of_a_rule_is_shown(program: Program) -> None:
    program.file("1.toml", BASE + HELLO)
    said = ("--set", 'rules.override.hello.status="off"')
    _, out, _ = program.run("rules", *said)
    assert out.splitlines()[1].endswith("1.toml:6; the settings say status = off")
    _, told = program.json("rules", *said)
    assert [(row["status"], row["overridden"]) for row in told["rules"]] == [("off", {"status": "off"})]


def test_an_override_of_no_rule_is_told(program: Program) -> None:
    program.file("1.toml", BASE + HELLO)
    code, _, err = program.run("rules", "--set", 'rules.override.helo.status="off"')
    assert code == 1
    assert "rules.override.helo: no such rule is loaded 'helo'; did you mean 'hello'?" in err
