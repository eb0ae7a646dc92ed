"""Claude's agent SDKs: one question to the client of a version by each."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.clients import Client
from tests.e2e.costs import SDKS

_HERE = Path(__file__).parent.absolute()
_RUN_SECONDS = 120

_COMMANDS: Mapping[str, list[str]] = {
    "javascript": ["node", str(_HERE / "agent.mjs")],
    "python": [str(SDKS / "python/bin/python"), str(_HERE / "agent.py")],
}


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
