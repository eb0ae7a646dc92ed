"""What a session costs, as the client tells it: through Sidestep just what the upstream counted, and never more."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proxy.scripted import ContentBlock
from tests.e2e import clients, scenario
from tests.e2e.kinds import kind_of
from tests.e2e.proxy import sidestep, stats
from tests.e2e.upstream import running

SDKS = Path(".cache/agents").absolute()
_HERE = Path(__file__).parent.absolute()
_INSTALL_SECONDS, _RUN_SECONDS = 600, 400

SINCE = (2, 1, 332)
"""The first version that this was tried with."""

TURNS = 5
_PAUSE = 3.0
"""Seconds in which the suggestion behind a turn should have come."""

_PROMPT_BYTES = 120 * 1024
_CACHED = 0.98
"""The client asks for no suggestion when much of the conversation was not in the cache."""

_SHARE = 0.75
"""Of what the session costs directly, a budget that it must do with through Sidestep."""

_LEAST, _MOST = 0.8, 1.01
"""Of the tokens that were really saved, the share that must be told; no two sessions are alike to the byte."""

AGENTS: Mapping[str, list[str]] = {
    "javascript": ["node", str(_HERE / "agent.mjs")],
    "python": [str(SDKS / "python/bin/python"), str(_HERE / "agent.py")],
}


def install() -> None:
    """The newest agent SDKs, unless they are there; without the clients that they bring along."""
    if (SDKS / "complete").exists():
        return
    shutil.rmtree(SDKS, ignore_errors=True)
    SDKS.mkdir(parents=True)
    (SDKS / "package.json").write_text('{"private": true}\n')
    npm = ["npm", "install", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error"]
    pip = [str(SDKS / "python/bin/python"), "-m", "pip", "install", "--quiet", "--no-binary", "claude-agent-sdk"]
    for command in (
        [*npm, "@anthropic-ai/claude-agent-sdk"],
        [sys.executable, "-m", "venv", str(SDKS / "python")],
        [*pip, "claude-agent-sdk"],
    ):
        subprocess.run(command, cwd=SDKS, check=True, timeout=_INSTALL_SECONDS)
    (SDKS / "complete").touch()


def script(body: dict[str, Any]) -> list[ContentBlock]:
    """The model's part: side questions are answered in the form that the client asks for."""
    match kind_of("POST", "/v1/messages", body):
        case "session-title":
            return [{"type": "text", "text": '{"title":"Sorting of numbers"}'}]
        case "prompt-suggestion":
            return [{"type": "text", "text": "run the tests"}]
    return scenario.script(body)


@dataclass(frozen=True, slots=True)
class Session:
    """How a session went: the turns that ended, each with its `subtype`, `cost` and `usage`, and who said what."""

    turns: list[dict[str, Any]]
    told: Mapping[str, int]
    """Sums of what the upstream said in `usage`."""
    answered: list[str]
    """The rules that answered."""
    saved: Mapping[str, Any]
    """What `stats` tells of it."""
    errors: str

    @property
    def read(self) -> int:
        """Tokens that the upstream has read, from the cache or not."""
        return sum(number for name, number in self.told.items() if name != "output_tokens")

    @property
    def cost(self) -> float:
        return float(self.turns[-1]["cost"]) if self.turns else 0.0


def run(
    agent: str,
    client: clients.Client,
    prompts: Sequence[str],
    budget: float | None = None,
    pause: float = _PAUSE,
    limit: float = _RUN_SECONDS,
) -> "subprocess.CompletedProcess[str]":
    """A session of one SDK; what it writes is in agent.mjs. Raises `TimeoutExpired` after `limit` seconds."""
    given = {"executable": client.command[0], "folder": str(client.work), "env": client.env, "prompts": prompts}
    return subprocess.run(
        AGENTS[agent],
        cwd=SDKS,
        input=json.dumps({**given, "budget": budget, "pause": pause}),
        capture_output=True,
        text=True,
        timeout=limit,
        check=False,
    )


def session(version: str, agent: str, *, through: bool, budget: float | None = None) -> Session:
    """Five long turns of one SDK, with the client of that version, to the upstream directly or through Sidestep."""
    prompts = [f"Turn {turn}: {scenario.QUESTION}? ".ljust(_PROMPT_BYTES, str(turn)) for turn in range(TURNS)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = stack.enter_context(running(script, cached=_CACHED))
        proxy = stack.enter_context(sidestep(upstream.url, folder)) if through else None
        client = clients.prepare(version, folder, proxy.url if proxy else upstream.url, subscription=False)
        done = run(agent, client, prompts, budget)
        while proxy and proxy.idle_for() < 1:
            time.sleep(0.1)
        lines = proxy.requests() if proxy else []
        saved = stats(folder)["total"]["saved"] if proxy else {}
    answered = [line["rule"] for line in lines if line["outcome"] == "answered"]
    return Session(json.loads(done.stdout or "[]"), upstream.usage, answered, saved, done.stderr[-2000:])


def faults(agent: str, version: str) -> Iterator[str]:
    """What is wrong with the costs of a session through Sidestep, beside the same one without it."""
    direct = session(version, agent, through=False)
    if len(direct.turns) < TURNS:
        yield f"directly, {len(direct.turns)} of {TURNS} turns ended: {direct.errors}"
        return
    budget = _SHARE * direct.cost
    own = session(version, agent, through=True, budget=budget)
    saved = f"{own.saved.get('input_tokens')} of {direct.read - own.read} tokens told as saved"
    shown = f"${own.cost:.4f} through Sidestep, ${direct.cost:.4f} directly, a budget of ${budget:.4f}"
    print(f"{version:<9} {agent:<10} {shown}; {saved}; answered: {', '.join(own.answered)}", flush=True)
    if [turn["subtype"] for turn in own.turns] != ["success"] * TURNS:
        yield f"the session ended early: {[turn['subtype'] for turn in own.turns]} {own.errors} ({shown})"
    elif own.cost >= direct.cost:
        yield f"nothing was saved: {shown}"
    if "prompt-suggestion" not in own.answered:  # whether such a text has a title is the filter's affair
        yield f"answered: {own.answered}, and no suggestion"
    really, told = direct.read - own.read, own.saved.get("input_tokens") or 0
    if not _LEAST * really <= told <= _MOST * really:
        yield f"stats says that {told} tokens were saved, and really it was {really}"
    if charged(own) != dict(own.told):
        yield f"the client charged for {charged(own)}, and the upstream counted {dict(own.told)}"


def charged(found: Session) -> dict[str, int]:
    """The tokens that the client has added up, by the fields of `usage`."""
    fields = {
        "input_tokens": "inputTokens",
        "output_tokens": "outputTokens",
        "cache_read_input_tokens": "cacheReadInputTokens",
        "cache_creation_input_tokens": "cacheCreationInputTokens",
    }
    models = found.turns[-1]["usage"].values() if found.turns else ()
    return {field: sum(model[name] for model in models) for field, name in fields.items()}
