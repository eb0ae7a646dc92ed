"""`make demo`: asks every side question and has one conversation, before a scripted upstream; shows who answered."""

import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from proxy.commands.tables import Column, problem_line, table
from proxy.decision.desk import new_desk
from proxy.decision.shadow import text_of
from proxy.downstream.server import listening
from proxy.exchange import Head
from proxy.logs.observe import logger
from proxy.machine.terminal import columns
from proxy.rules.examples import request_of
from proxy.rules.load import Loaded, LoadedRule, configured
from proxy.rules.ruleset import RuleSet
from proxy.rules.schema import RequestModel
from proxy.scripted import ContentBlock, scripted_upstream
from proxy.serving.app import build
from proxy.settings.config import (
    CaptureSettings,
    Config,
    JournalSettings,
    ListenSettings,
    ShadowSettings,
    UpstreamSettings,
)
from proxy.sse import Decoder

_REPLY = "This came from the scripted upstream, event by event, as a model's reply would."
_PAUSE = 0.02

HEADS = (
    *("question", "answered by", Column("form", rank=2), Column("first byte", rank=1)),
    *(Column("complete", rank=3), Column("text", least=20)),
)

_CONVERSATION = RequestModel(
    headers={"user-agent": "claude-cli/2.1.330 (external, cli)"},
    body={
        "model": "claude-sonnet-5-5",
        "max_tokens": 32000,
        "stream": True,
        "tools": [{"name": "Bash", "input_schema": {"type": "object"}}],
        "messages": [{"role": "user", "content": "Why does the login test fail on Mondays?"}],
    },
)


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of the demonstration. Times in milliseconds."""

    question: str
    answered_by: str
    form: str
    first: float
    total: float
    text: str


async def run(config: Config) -> int:
    """Print the table; 0 if every rule loads, and exactly the side questions were answered here."""
    loaded = configured(config)
    for problem in loaded.problems:
        print(problem_line(problem), file=sys.stderr)
    try:
        state = TemporaryDirectory()  # the real state stays as it is
    except OSError as error:  # in a container with a read-only disk
        print(f"no folder for temporary files: {error.strerror}", file=sys.stderr)
        return 1
    asked = [entry for entry in loaded.entries if entry.rule.status != "off" and _answers_first(entry)]
    with state as folder:
        rows = await _ask_all(config, loaded, asked, Path(folder))
    _print(rows)
    expected = ["upstream", *(entry.rule.name if entry.rule.status == "on" else "upstream" for entry in asked)]
    return 0 if not loaded.problems and [row.answered_by for row in rows] == expected else 1


async def _ask_all(config: Config, loaded: Loaded, asked: list[LoadedRule], state: Path) -> list[_Row]:
    async with _running(config, loaded, state) as (base, session):
        # First, since a rule may repeat headers of a forwarded reply.
        rows = [await _ask(session, base, "conversation", *request_of(_CONVERSATION))]
        return rows + [await _ask(session, base, entry.rule.name, *_first(entry)) for entry in asked]


def _answers_first(entry: LoadedRule) -> bool:
    """Whether the rule answers its first example."""
    return entry.rule.answer is not None and entry.model.matches[0].answer is not None


def _first(entry: LoadedRule) -> tuple[Head, bytes]:
    """The first example of a rule."""
    return request_of(entry.base, entry.model.base, entry.model.matches[0])


def _repeated(rules: RuleSet) -> dict[str, str]:
    """A header for every rule that repeats some."""
    return {f"{replay.prefix}demo": "shown" for replay in rules.replays}


@asynccontextmanager
async def _running(config: Config, loaded: Loaded, state: Path) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    def script(_body: dict[str, Any]) -> list[ContentBlock]:
        return [{"type": "text", "text": _REPLY}]

    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(
            scripted_upstream(script, pause=_PAUSE, headers=_repeated(loaded.rules))
        )
        tables = {
            "upstream": UpstreamSettings(url=upstream.url),
            "shadow": ShadowSettings(file=str(state / "agreement.json")),
        }
        settings = config.model_copy(
            update={
                **tables,
                "capture": CaptureSettings(),
                "journal": JournalSettings(enabled=False),
                "listen": ListenSettings(port=0),
            }
        )
        quiet = logger(config.log.model_copy(update={"level": "error"}))
        app = build(settings, new_desk(settings, loaded.rules, token_bytes(32)), quiet)
        _, port = await stack.enter_async_context(listening(app, settings, quiet, lambda: 1))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield f"http://127.0.0.1:{port}", session


async def _ask(session: aiohttp.ClientSession, base: str, name: str, head: Head, body: bytes) -> _Row:
    started = time.perf_counter()
    headers = {**head.headers, "content-type": "application/json"}
    async with session.request(head.method, base + head.path, data=body, headers=headers) as reply:
        raw, first = b"", 0.0
        async for chunk in reply.content.iter_any():
            first = first or time.perf_counter()
            raw += chunk
        ended = time.perf_counter()
        streamed = reply.content_type == "text/event-stream"
        return _Row(
            question=name,
            answered_by=reply.headers.get("x-sidestep-rule", "upstream"),
            form=f"{len(Decoder().feed(raw))} events" if streamed else "JSON",
            first=(first - started) * 1000,
            total=(ended - started) * 1000,
            text=text_of(raw, {"content-type": reply.content_type}) or "",
        )


def _print(rows: Sequence[_Row]) -> None:
    cells = [
        (row.question, row.answered_by, row.form, f"{row.first:.1f} ms", f"{row.total:.1f} ms", repr(row.text))
        for row in rows
    ]
    print(table(HEADS, cells, columns()))
