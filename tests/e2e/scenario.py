"""What a person does with a client, and what must have come of it."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from proxy.scripted import ContentBlock, ScriptedUpstream
from tests.e2e.clients import Client
from tests.e2e.kinds import kind_of
from tests.e2e.proxy import Sidestep
from tests.e2e.terminal import Terminal

QUESTION = "please explain how sorting works in src/app.py"
COMMAND = "print notes.txt"
"""A message whose topic is certain, so that none of its side questions may reach the upstream."""
REPLY = "It sorts three numbers and prints them."
DONE = "The notes hold three Greek letters."

# What a client logs when the answer to one of its own questions had the wrong form.
COMPLAINTS = (
    "without receiving message_start",
    "request ended without sending any chunks",
    "non-streaming fallback",
)

# The rules that a session in the terminal must have made use of, by the first version that asks such a question.
_ASKED: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = [
    ("quota-probe", (1, 0, 88), (99,)),
    ("topic", (0, 2, 64), (2, 1, 63)),
    ("session-title", (2, 1, 83), (99,)),
    ("command-prefix", (0, 2, 64), (2, 1, 0)),
    ("file-paths", (0, 2, 64), (2, 1, 63)),
    ("prompt-suggestion", (2, 1, 20), (99,)),
    ("warm-up", (2, 0, 20), (2, 0, 77)),
    ("spinner-word", (0, 2, 126), (1, 0, 44)),
]

READY = ("❯", "│ >", "> ")
_PERMISSION = ("Do you want to proceed", "Do you want to run", "Enter to continue")


def script(body: dict[str, Any]) -> list[ContentBlock]:
    """The model's part: an explanation, and one shell command when the person asks for it by `COMMAND`."""
    asked = done = False
    for message in body["messages"]:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        for block in blocks:
            if message["role"] == "user" and block["type"] == "tool_result":
                done = True
            elif message["role"] == "user" and COMMAND in block.get("text", ""):
                asked, done = True, False
    if asked and not done and any(tool.get("name") == "Bash" for tool in body.get("tools", ())):
        call = {"command": "cat notes.txt", "description": "Shows the notes"}
        return [{"type": "tool_use", "id": "toolu_000001", "name": "Bash", "input": call}]
    return [{"type": "text", "text": DONE if done else REPLY}]


@dataclass(slots=True)
class Outcome:
    """One run: what Sidestep answered, what reached the upstream, and everything that is wrong."""

    version: str
    mode: str
    answered: "Counter[str]" = field(default_factory=Counter)
    forwarded: "Counter[str]" = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def in_terminal(client: Client, proxy: Sidestep) -> Iterator[str]:
    """Ask a question, have a command run; yields faults."""
    with Terminal(client, ["--debug"]) as terminal:
        steps = (
            ("the prompt did not come up", lambda: terminal.shows(*READY), 40),
            ("the question was not answered", lambda: _ask(terminal, QUESTION, REPLY), 1),
            ("the command was not run", lambda: _ask(terminal, COMMAND, DONE), 1),
        )
        for fault, step, seconds in steps:
            if not terminal.wait(step, seconds):
                yield f"{fault}; the screen:\n{terminal.screen()}"
                return
            terminal.wait(lambda: proxy.idle_for() > 2, 20)
        yield from complaints(terminal.output.decode("utf-8", "replace"))


def _ask(terminal: Terminal, text: str, reply: str) -> bool:
    terminal.type(text)
    return replied(terminal, reply)


def replied(terminal: Terminal, reply: str) -> bool:
    """Wait for a reply on the screen, and permit what is asked for on the way to it."""

    def answered() -> bool:
        if terminal.shows(*_PERMISSION):
            terminal.enter()
        return terminal.shows(reply)

    return terminal.wait(answered, 40)


def printed(client: Client) -> Iterator[str]:
    """Ask one question with `-p`; yields faults."""
    command = [*client.command, "-p", QUESTION, "--debug"]
    try:
        done = subprocess.run(
            command, cwd=client.work, env=client.env, capture_output=True, text=True, timeout=90, check=False, input=""
        )
    except subprocess.TimeoutExpired:
        yield "no answer in 90 seconds"
        return
    if REPLY not in done.stdout:
        yield f"the answer is not in the output: {done.stdout[-500:]} {done.stderr[-500:]}"
    yield from complaints(done.stdout + done.stderr)


def logged(client: Client) -> Iterator[str]:
    """Complaints in any file that the client has written to its home."""
    for file in sorted(path for path in client.home.rglob("*") if path.is_file()):
        for fault in complaints(file.read_bytes().decode("utf-8", "replace")):
            yield f"{file.relative_to(client.home)}: {fault}"


def complaints(text: str) -> Iterator[str]:
    for complaint in COMPLAINTS:
        if complaint in text:
            yield f"the client logged {complaint!r}"


def warnings(proxy: Sidestep) -> Iterator[str]:
    """Whatever Sidestep itself found worth a warning: a rule that tripped, drift, an upstream that failed.

    But for a client newer than any that a rule was tried with: this is where it is tried.
    """
    for line in proxy.lines:
        if line["level"] in ("warning", "error") and line.get("sign") != "untested client version":
            yield f"Sidestep logged {line}"


def misreported(stats: dict[str, Any], outcome: Outcome, upstream: ScriptedUpstream) -> Iterator[str]:
    """Where `stats` says anything else than what was seen on both sides."""
    total, told = stats["total"], upstream.usage
    cached = told["cache_read_input_tokens"]
    seen = {
        "answered": sum(outcome.answered.values()),
        "forwarded": sum(outcome.forwarded.values()),
        "failed": 0,
        "input_tokens": told["input_tokens"] + told["cache_creation_input_tokens"] + cached,
        "output_tokens": told["output_tokens"],
        "cache_read_tokens": cached,
    }
    for name, number in seen.items():
        if total[name] != number:
            yield f"stats says {total[name]} {name}, and there were {number}"


def unasked(version: str, answered: "Counter[str]") -> Iterator[str]:
    """Side questions that this version asks and that were not answered."""
    number = tuple(map(int, version.split(".")))
    for rule, first, end in _ASKED:
        if first <= number < end and not answered[rule]:
            yield f"{rule} was never answered"


def leaked(forwarded: "Counter[str]") -> Iterator[str]:
    """Side questions that reached the upstream."""
    for rule, _, _ in _ASKED:
        if forwarded[rule]:
            yield f"{rule} reached the upstream {forwarded[rule]} times"
    if not forwarded["conversation"]:
        yield "the conversation never reached the upstream"


def kinds(seen: list[Any]) -> "Counter[str]":
    return Counter(kind_of(request.method, request.path, request.body) for request in seen)
