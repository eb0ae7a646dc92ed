"""Sidestep with its page before a scripted upstream, and the traffic that the page is to show."""

import io
import itertools
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from proxy.decision.desk import new_desk
from proxy.downstream.server import listening
from proxy.exchange import Head
from proxy.logs.observe import logger
from proxy.rules.examples import request_of
from proxy.rules.load import Loaded
from proxy.rules.ruleset import RuleSet
from proxy.scripted import ContentBlock, Script, ScriptedUpstream, scripted_upstream
from proxy.serving.app import build
from proxy.settings.config import Config

TEXT = "The session cookie expires on Sunday night, so the login test starts signed out."


@dataclass(frozen=True, slots=True)
class Shown:
    """A running Sidestep with its page."""

    url: str
    app: web.Application
    log: io.StringIO


def script(_body: Mapping[str, Any]) -> list[ContentBlock]:
    return [{"type": "text", "text": TEXT}]


@asynccontextmanager
async def shown(rules: RuleSet, upstream: str, state: Path, **tables: dict[str, Any]) -> AsyncIterator[Shown]:
    """Running before the upstream at that URL; keyword arguments are tables of the configuration."""
    listen = {"port": 0, **tables.pop("listen", {})}
    files = {"shadow": {"file": str(state / "agreement.json")}, "journal": {"path": str(state / "journal.sqlite")}}
    url = {"url": upstream, **tables.pop("upstream", {})}
    config = Config.model_validate({"listen": listen, "upstream": url, **files, **tables})
    stream = io.StringIO()
    log = logger(config.log, stream)
    app = build(config, new_desk(config, rules, b"key"), log)
    async with listening(app, config, log, lambda: 5) as (_, port):
        yield Shown(f"http://127.0.0.1:{port}", app, stream)


@asynccontextmanager
async def scripted(say: Script = script) -> AsyncIterator[ScriptedUpstream]:
    async with scripted_upstream(say, headers={"anthropic-ratelimit-unified-status": "allowed"}) as found:
        yield found


def conversation(number: int = 0, *, model: str = "claude-sonnet-5-5", size: int = 4000) -> tuple[Head, bytes]:
    """What a person asked, with some of the conversation before it."""
    headers = {"user-agent": "claude-cli/2.1.330 (external, cli)", "x-claude-code-session-id": f"session-{number % 3}"}
    body = {
        "model": model,
        "max_tokens": 32000,
        "stream": True,
        "tools": [{"name": "Bash", "input_schema": {"type": "object"}}],
        "messages": [{"role": "user", "content": f"Question {number}: {'why? ' * (size // 5)}"}],
    }
    return Head("POST", "/v1/messages", headers), orjson.dumps(body)


def examples(loaded: Loaded) -> Iterator[tuple[Head, bytes]]:
    """The examples of the rules that are on: those that match, and those that must not."""
    for entry in loaded.entries:
        if entry.rule.status == "off":
            continue
        for example in (*entry.model.matches, *entry.model.misses):
            yield request_of(entry.base, entry.model.base, example)


def mix(loaded: Loaded, conversations: int) -> list[tuple[Head, bytes]]:
    """Examples and conversations by turns, until both have come."""
    talks = (conversation(number) for number in range(conversations))
    pairs = itertools.zip_longest(examples(loaded), talks)
    return [request for pair in pairs for request in pair if request is not None]


async def send(session: aiohttp.ClientSession, url: str, head: Head, body: bytes) -> int:
    """One request, and the whole of its reply; its status."""
    headers = {**head.headers, "content-type": "application/json"}
    async with session.request(head.method, url + head.path, data=body, headers=headers) as reply:
        await reply.read()
        return reply.status
