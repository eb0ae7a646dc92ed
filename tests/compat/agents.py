"""Claude's agent SDKs, from their registries, without the clients that they bring along."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.clients import Client

SDKS = Path(".cache/agents").absolute()
SINCE = (2, 1, 332)
"""The first client that the newest SDKs were tried with."""

_HERE = Path(__file__).parent.absolute()
_INSTALL_SECONDS, _RUN_SECONDS = 600, 120

_COMMANDS: Mapping[str, list[str]] = {
    "javascript": ["node", str(_HERE / "agent.mjs")],
    "python": [str(SDKS / "python/bin/python"), str(_HERE / "agent.py")],
}


def install() -> None:
    """The newest of both, unless they are there."""
    if (SDKS / "complete").exists():
        return
    shutil.rmtree(SDKS, ignore_errors=True)
    SDKS.mkdir(parents=True)
    (SDKS / "package.json").write_text('{"private": true}\n')
    pip = [str(SDKS / "python/bin/python"), "-m", "pip", "install", "--quiet", "--no-binary", "claude-agent-sdk"]
    for command in (
        ["npm", "install", "--omit=optional", "--no-audit", "--no-fund", "@anthropic-ai/claude-agent-sdk"],
        [sys.executable, "-m", "venv", str(SDKS / "python")],
        [*pip, "claude-agent-sdk"],
    ):
        subprocess.run(command, cwd=SDKS, check=True, timeout=_INSTALL_SECONDS, capture_output=True)
    (SDKS / "complete").touch()


def ask(language: str, client: Client, prompt: str) -> str:
    """What is wrong with an answer that an SDK got; "" if nothing is."""
    given = {"executable": client.command[0], "folder": str(client.work), "env": client.env, "prompt": prompt}
    try:
        done = subprocess.run(
            _COMMANDS[language],
            cwd=SDKS,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=_RUN_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"the SDK for {language} had no answer in {_RUN_SECONDS} seconds"
    return "" if done.stdout.strip() else f"the SDK for {language} had no answer: {done.stderr[-500:]}"
