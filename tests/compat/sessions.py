"""What a client's users do: in a terminal, with `-p`, and by the agent SDKs."""

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.compat import agents
from tests.e2e import costs
from tests.e2e.clients import TOKEN, Client
from tests.e2e.proxy import Sidestep
from tests.e2e.terminal import Terminal

QUESTION = "please explain how sorting works in src/app.py"
RUN = "RUN[cat notes.txt]"

_READY = ("❯", "│ >", "> ")
_PERMISSION = ("Do you want to", "Yes, I accept", "Would you like to")
_QUIET, _LONGEST = 3.0, 40.0
"""Seconds without a request after which a step has ended, and the most that one may take."""
_PRINT_SECONDS = 120

_SUBSCRIPTION_SINCE = (1, 0, 88)
"""The first version that takes an OAuth token from the environment in the terminal."""

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """One start of a client; all of a version's share a home."""

    steps: tuple[str, ...]
    """What is typed, line by line; with `-p`, a start for each."""
    terminal: bool = False
    subscription: bool = False
    arguments: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    since: Version = (0,)
    sdk: str = ""
    """The language of the agent SDK that runs the client, if one does."""


def _use(name: str, **given: Any) -> str:
    return "USE" + json.dumps({"name": name, "input": given})


def _hook(kind: str) -> dict[str, Any]:
    return {"hooks": [{"type": kind, "prompt": "Is all of it done? $ARGUMENTS"}]}


_ESCAPE = "\x1b"
_COMMANDS = ("/rename", "/recap", "/btw what is a heap?", _ESCAPE, "/context", "/compact", "/insights", "/model haiku")
_TRUSTING = ("--dangerously-skip-permissions",)
_HOOKS = {"Stop": [_hook("prompt")], "PreToolUse": [{"matcher": "Bash", **_hook("agent")}]}


def sessions(page: str) -> tuple[Session, ...]:
    """All of them, in order; `page` is the address of a web page."""
    subagent = _use("Task", description="sort", prompt="look at the notes", subagent_type="general-purpose")
    tools = (_use("WebSearch", query="sorting"), _use("WebFetch", url=page, prompt="What is on it?"), subagent)
    # The page's certificate is nobody's, and tools are to be on offer without being searched for.
    web = {"NODE_TLS_REJECT_UNAUTHORIZED": "0", "ENABLE_TOOL_SEARCH": "false"}
    return (
        Session((QUESTION, RUN, *_COMMANDS), terminal=True, subscription=True),
        Session((QUESTION,), terminal=True, arguments=("--continue",)),
        Session((QUESTION, *tools), arguments=_TRUSTING, env=web, settings={"skipWebFetchPreflight": True}),
        Session((RUN,), arguments=_TRUSTING, settings={"hooks": _HOOKS}),
        Session(
            ("RUN[curl -s http://127.0.0.1:9/ -o page]",), arguments=("--permission-mode", "auto"), since=(2, 1, 88)
        ),
        Session((QUESTION,), sdk="python", since=costs.SINCE),
        Session((QUESTION,), sdk="javascript", since=costs.SINCE),
    )


def play(session: Session, client: Client, proxy: Sidestep) -> Iterator[str]:
    """Do what the session says; yields faults. What came of it, the capture tells."""
    (client.home / ".claude/settings.json").write_text(json.dumps(session.settings))
    env = {**client.env, **session.env}
    if session.subscription and number(client.version) >= _SUBSCRIPTION_SINCE:
        del env["ANTHROPIC_API_KEY"]
        env["CLAUDE_CODE_OAUTH_TOKEN"] = TOKEN
    own = Client(client.version, client.home, client.work, client.command, env)
    if session.terminal:
        yield from _in_terminal(session, own, proxy)
    elif session.sdk:
        yield from filter(None, (agents.ask(session.sdk, own, step) for step in session.steps))
    else:
        for step in session.steps:
            yield from _print(session, own, step)


def number(version: str) -> Version:
    return tuple(map(int, version.split(".")))


def _in_terminal(session: Session, client: Client, proxy: Sidestep) -> Iterator[str]:
    with Terminal(client, list(session.arguments)) as terminal:
        if not terminal.wait(lambda: terminal.shows(*_READY), _LONGEST):
            yield f"the prompt did not come up; the screen:\n{terminal.screen()}"
            return
        for step in session.steps:
            terminal.press(step) if step == _ESCAPE else terminal.type(step)
            terminal.wait(partial(_settled, terminal, proxy, time.monotonic()), _LONGEST)


def _settled(terminal: Terminal, proxy: Sidestep, began: float) -> bool:
    """Whether nothing more comes of the last step; questions of the client's are agreed to."""
    if terminal.shows(*_PERMISSION):
        terminal.enter()
    return min(proxy.idle_for(), time.monotonic() - began) > _QUIET


def _print(session: Session, client: Client, step: str) -> Iterator[str]:
    command = [*client.command, "-p", step, *session.arguments]
    try:
        subprocess.run(
            command,
            cwd=client.work,
            env=client.env,
            capture_output=True,
            timeout=_PRINT_SECONDS,
            input=b"",
            check=False,
        )
    except subprocess.TimeoutExpired:
        yield f"no answer to {step!r} in {_PRINT_SECONDS} seconds"
