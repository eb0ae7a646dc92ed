"""What `make savings` makes of what it saw, and when it fails; the sessions are made up, and all else is not."""

import asyncio
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import aiohttp
import orjson
import pytest

from proxy.scripted import served
from tests.savings import results
from tests.savings.__main__ import FIGURES, cases, measure, write_down
from tests.savings.plot import svg
from tests.savings.results import Pair, Session, Turn
from tests.savings.session import Case, CutShortError, split
from tests.savings.upstream import TURNS, Asked, Model, reply_to
from tests.waiting import until

ROOT = Path(__file__).parents[2]
DIRECT = Session(
    [
        Turn(0.0, {}, 0, 0),
        Turn(2.5, {"conversation": 1, "topic": 1}, 20_400, 9),
        Turn(1.5, {"conversation": 1}, 9_000, 7),
    ]
)
THROUGH = Session(
    [Turn(0.0, {}, 0, 0), Turn(1.5, {"conversation": 1}, 18_000, 5), Turn(1.25, {"conversation": 1}, 9_000, 7)]
)
PAIR = Pair("2.0.64 before <a> model", DIRECT, THROUGH)
SPACE = "{http://www.w3.org/2000/svg}"
OLD, NEW = Case("2.1.45"), Case("2.1.332")


def cells(table: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("|")
    ]


def test_a_row_tells_requests_tokens_and_waiting_both_ways() -> None:
    assert cells(results.summary([PAIR]))[2] == [PAIR.name, "3 → 2", "29k → 27k", "4.0 s → 2.8 s"]


def test_kinds_stand_in_the_order_of_how_often_they_were_asked() -> None:
    rows = cells(results.by_kind([PAIR]))[2:]
    assert rows == [["conversation", "2 → 2"], ["topic", "1 → 0"]]


def test_every_turn_has_its_requests_and_seconds_in_both_rows() -> None:
    heads, _, direct, through = cells(results.by_turn([PAIR]))
    assert heads[2:] == ["start", "1", "2"]
    assert direct[1:] == ["directly", "0", "2, 2.5 s", "1, 1.5 s"]
    assert through[1:] == ["through Sidestep", "0", "1, 1.5 s", "1, 1.2 s"]


@pytest.mark.parametrize(("value", "shown"), [(850, "850"), (85_400, "85k"), (999_600, "1.00M"), (1_270_000, "1.27M")])
def test_tokens_are_told_in_three_digits(value: int, shown: str) -> None:
    assert results.thousands(value) == shown


def test_requests_belong_to_the_last_enter_before_them() -> None:
    asked = [
        Asked(1.0, "quota-probe", 1, 1),
        Asked(2.0, "topic", 5, 2),
        Asked(2.9, "conversation", 7, 3),
        Asked(4.5, "conversation"),
    ]
    session = split(asked, enters=[2.0, 4.0], replies=[3.0, 4.75])
    assert [dict(turn.kinds) for turn in session.turns] == [
        {"quota-probe": 1},
        {"topic": 1, "conversation": 1},
        {"conversation": 1},
    ]
    assert [(turn.waited, turn.read, turn.written) for turn in session.turns] == [(0, 1, 1), (1, 12, 5), (0.75, 0, 0)]


def test_of_several_rounds_the_least_of_each_turn_counts_and_the_requests_of_the_middle_one() -> None:
    def round_of(*waits: float, requests: int) -> Session:
        return Session([Turn(waited, {"conversation": requests}, 0, 0) for waited in waits])

    found = results.combined(
        [round_of(0, 9, 1, requests=5), round_of(0, 2, 8, requests=2), round_of(0, 3, 3, requests=1)]
    )
    assert [turn.waited for turn in found.turns] == [0, 2, 1]
    assert found.requests == 3 * 2


def test_figures_are_read_as_they_were_written(tmp_path: Path) -> None:
    seen = split([Asked(2.5, "topic", 5, 2)], enters=[2.0], replies=[3.0])
    pairs = [PAIR, Pair("of a run", seen, seen)]
    results.write(tmp_path / "r.json", pairs, {"measured": "today"})
    assert results.read(tmp_path / "r.json") == (pairs, {"measured": "today"})


def test_a_page_keeps_all_but_what_stands_between_its_marks() -> None:
    page = f"a\n{results.BEGIN}\nold\n{results.END}\nb {results.END}"
    assert results.put(page, "new\n") == f"a\n{results.BEGIN}\nnew\n{results.END}\nb {results.END}"
    with pytest.raises(ValueError, match="expected <!-- savings -->"):
        results.put(f"a {results.END}", "new")


def test_the_picture_has_a_piece_for_every_turn_and_stays_within_itself() -> None:
    picture = ElementTree.fromstring(svg([PAIR, replace(PAIR, name="another")], "a < b"))
    bars = [*picture.iter(f"{SPACE}rect")]
    texts = [text.text for text in picture.iter(f"{SPACE}text")]
    legend, turns = 1, 2
    for style in ("ours", "nginx"):
        assert [bar.get("class") for bar in bars].count(style) == legend + 2 * turns
    assert {PAIR.name, "a < b", "4.0 s, 3 requests", "2.8 s, 2 requests"} <= set(texts)
    for bar in bars:
        assert float(bar.get("x", 0)) + float(bar.get("width", 0)) <= float(picture.get("width", 0))
        assert float(bar.get("y", 0)) + float(bar.get("height", 0)) <= float(picture.get("height", 0))


def test_the_newest_version_stands_before_three_upstreams() -> None:
    found = cases(["2.1.110", "2.1.332", "2.1.45"])
    assert [case.version for case in found] == ["2.1.45", "2.1.110", "2.1.332", "2.1.332", "2.1.332"]
    assert [case.titles for case in found] == [True, True, True, False, True]
    assert [case.subscription for case in found] == [False, False, False, False, True]
    assert len({case.name for case in found}) == 5


def test_a_round_of_every_session_comes_before_the_next() -> None:
    played = []

    def play(case: Case, *, through: bool) -> tuple[Session, list[str]]:
        played.append((case, through))
        return (THROUGH if through else DIRECT), []

    pairs, faults = measure([OLD, NEW], 2, play)
    assert played == [(OLD, False), (OLD, True), (NEW, False), (NEW, True)] * 2
    assert pairs == [Pair(OLD.name, DIRECT, THROUGH), Pair(NEW.name, DIRECT, THROUGH)]
    assert faults == []


@pytest.mark.parametrize(
    ("direct", "through", "warned", "fault"),
    [
        (DIRECT, DIRECT, [], "3 requests through Sidestep, and 3 directly"),
        (DIRECT, Session(THROUGH.turns[:-1]), [], "1 requests of the conversation through Sidestep, and 2 directly"),
        (DIRECT, THROUGH, ["Sidestep logged drift"], "Sidestep logged drift"),
        (DIRECT, None, [], "through Sidestep, was cut short; the screen:\nan empty screen"),
    ],
)
def test_what_is_wrong_with_a_session_is_a_fault(
    direct: Session, through: Session | None, warned: list[str], fault: str
) -> None:
    def play(_: Case, *, through: bool, found: Session | None = through) -> tuple[Session, list[str]]:
        if through and found is None:
            raise CutShortError("an empty screen")
        return (found, warned) if through and found else (direct, [])

    _, faults = measure([OLD], 1, play)
    assert [told for told in faults if told.endswith(fault)] != [], faults


def test_pages_picture_and_figures_are_written(tmp_path: Path) -> None:
    for name in ("README.md", "docs/gateways.md", FIGURES):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"above\n{results.BEGIN}\n{results.END}\nbelow\n")
    write_down([PAIR], tmp_path)
    assert results.read(tmp_path / FIGURES)[0] == [PAIR]
    ElementTree.parse(tmp_path / "docs/savings.svg")
    for name in ("README.md", "docs/gateways.md"):
        page = (tmp_path / name).read_text()
        assert re.search(r"^above\n<!-- savings -->\n\n.*\| 3 → 2 \|.*\n\n<!-- /savings -->\nbelow\n$", page, re.DOTALL)


@pytest.mark.parametrize("page", ["README.md", "docs/gateways.md"])
def test_the_tables_of_a_page_are_those_of_the_last_run(page: str) -> None:
    shown = (ROOT / page).read_text("utf-8").partition(results.BEGIN)[2].partition(results.END)[0]
    assert f"\n{results.summary(results.read(ROOT / FIGURES)[0])}\n" in shown


def asked(*said: Any, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": content} for content in said]
    return {"model": "m", "max_tokens": 9, "tools": [{"name": "Bash"}], "messages": messages, **more}


def test_the_model_has_the_command_of_a_turn_run_and_then_replies() -> None:
    text, command = TURNS[1]
    (call,) = Model().script(asked(TURNS[0][0], text))  # type: ignore[misc] # blocks, and no failure
    assert (call["name"], call["input"]["command"]) == ("Bash", command)
    done = [{"type": "tool_result", "tool_use_id": "t", "content": "alpha"}]
    assert Model().script(asked(TURNS[0][0], text, done)) == [{"type": "text", "text": reply_to(2)}]
    assert Model().script(asked(text, done, TURNS[2][0])) == [{"type": "text", "text": reply_to(3)}]


@pytest.mark.parametrize("titles", [True, False])
def test_titles_are_json_or_prose(titles: bool) -> None:
    (block,) = Model(titles=titles).script(asked("x", tools=[], system="You are naming a coding session"))  # type: ignore[misc]
    assert block["text"].startswith("{") is titles


async def test_a_slot_serves_one_request_after_another_and_is_free_again_when_a_client_goes() -> None:
    model = Model(first_byte=0.05)
    async with served(model), aiohttp.ClientSession() as session:

        async def ask() -> None:
            async with session.post(f"{model.url}/v1/messages", data=orjson.dumps(asked("hello"))) as reply:
                assert reply.status == 200

        gone = asyncio.create_task(ask())
        await until(lambda: bool(model.asked))
        gone.cancel()
        began = time.perf_counter()
        await asyncio.gather(ask(), ask())
        assert time.perf_counter() - began >= 2 * model.first_byte
    assert [one.read > 0 for one in model.asked] == [False, True, True]
    assert model.usage["output_tokens"] == sum(one.written for one in model.asked)
