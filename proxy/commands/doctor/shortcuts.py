"""Tests of all rules that answer or respond: a running Sidestep gets the first example of each."""

import time
from collections.abc import Iterator

import orjson

from proxy.commands.doctor.bench import Bench
from proxy.commands.doctor.findings import Finding, fault, ok
from proxy.commands.doctor.plain_http import HttpMessage, ask
from proxy.commands.doctor.probes import probe
from proxy.exchange import Head
from proxy.rules.examples import request_of
from proxy.rules.load import LoadedRule
from proxy.rules.ruleset import RuleSet
from proxy.rules.schema import Match
from proxy.sse import Decoder

_TODO = "see `explain` and `check`, and put the rule into shadow until it is mended"
_PLAIN = b'{"model":"scripted","max_tokens":8,"messages":[{"role":"user","content":"hello from the doctor"}]}'


def to_repeat(rules: RuleSet) -> dict[str, str]:
    """Headers for the scripted upstream's messages: one for every rule that repeats some."""
    return {f"{replay.prefix}doctor": "shown" for replay in rules.replays}


async def shortcuts(entries: tuple[LoadedRule, ...], bench: Bench) -> list[Finding]:
    """One finding for each rule in force that answers or responds."""
    await ask(bench.sidestep, _request(bench, Head("POST", "/v1/messages", {}), _PLAIN))  # fetches headers to repeat
    return [await _shortcut(entry, example, bench) for entry, example in _asked(entries)]


def _asked(entries: tuple[LoadedRule, ...]) -> Iterator[tuple[LoadedRule, Match]]:
    for entry in entries:
        example = next((match for match in entry.model.matches if match.answer is not None), None)
        if entry.rule.status != "off" and not entry.rule.guards and example:
            yield entry, example


async def _shortcut(entry: LoadedRule, example: Match, bench: Bench) -> Finding:
    name = f"rule {entry.rule.name}"

    async def run(_bench: Bench) -> Finding:
        request = _request(bench, *request_of(entry.base, entry.model.base, example))
        asked = time.perf_counter()
        reply = await ask(bench.sidestep, request)
        return _judged(name, entry, example, reply, (time.perf_counter() - asked) * 1000)

    return await probe(name, run, bench)


def _judged(name: str, entry: LoadedRule, example: Match, reply: HttpMessage, ms: float) -> Finding:
    by = reply.header("x-sidestep-rule")
    if entry.rule.status == "shadow":
        return (
            fault(name, f"in shadow, and answered by {by}", _TODO) if by else ok(name, "in shadow: left to the model")
        )
    if by != entry.rule.name:
        return fault(name, f"{example.about!r} was answered by {by or 'the upstream'}", _TODO)
    respond = entry.rule.respond
    text = reply.body.decode() if respond else _text(reply)
    if reply.status != (respond.status if respond else 200) or text != example.answer:
        return fault(name, f"answered {reply.status} {text!r}, expected {example.answer!r}", _TODO)
    return ok(name, f"answered in {ms:.1f} ms")


def _request(bench: Bench, head: Head, body: bytes) -> bytes:
    headers = {name: value for name, value in head.headers.items() if name not in ("host", "content-length")}
    lines = [f"{name}: {value}" for name, value in {**headers, "content-type": "application/json"}.items()]
    return bench.sidestep.request(f"{head.method} {head.path}", lines, body)


def _text(reply: HttpMessage) -> str:
    """The text of a message in any form. Raises ValueError if there is none."""
    if not reply.header("content-type").startswith("text/event-stream"):
        return "".join(block.get("text", "") for block in orjson.loads(reply.body).get("content", ()))
    events = Decoder().feed(reply.body)
    deltas = [orjson.loads(event.data)["delta"] for event in events if event.name == "content_block_delta"]
    return "".join(delta.get("text", "") for delta in deltas)
