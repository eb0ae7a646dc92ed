"""Claude Code from the npm registry: installed once a version, and run with an empty home and a dummy credential."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "@anthropic-ai/claude-code"
CACHE = Path(".cache/clients")
KEY = "sk-ant-dummy-" + "0" * 24
TOKEN = "sk-ant-oat01-dummy" + "0" * 42
_INSTALL_SECONDS = 600


def newest() -> str:
    """The newest version on the registry."""
    shown = subprocess.run(["npm", "view", PACKAGE, "version"], capture_output=True, text=True, check=True, timeout=120)
    return shown.stdout.strip()


def monthly(since: tuple[int, ...]) -> list[str]:
    """The newest version of each month, from `since` on, the newest of all among them."""
    shown = subprocess.run(
        ["npm", "view", PACKAGE, "time", "--json"], capture_output=True, text=True, check=True, timeout=120
    )
    times = {version: time for version, time in json.loads(shown.stdout).items() if version.replace(".", "").isdigit()}
    numbers = sorted(tuple(map(int, version.split("."))) for version in times)
    versions = [".".join(map(str, number)) for number in numbers if number >= since]
    return list({times[version][:7]: version for version in versions}.values())


def install(version: str) -> None:
    """Install a version below the cache, unless it is there. Raises SystemExit when npm fails."""
    folder = CACHE / version
    if _command(version):
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}\n')
    command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", f"{PACKAGE}@{version}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False)
    if done.returncode or not _command(version):
        shutil.rmtree(folder)
        raise SystemExit(f"e2e: npm could not install {PACKAGE} {version}:\n{done.stderr[-2000:]}")


def _command(version: str) -> list[str]:
    """How the version is started: a script under node up to 2.1.118, a native program since; empty if not installed."""
    modules = (CACHE / version / "node_modules/@anthropic-ai").resolve()
    script = modules / "claude-code/cli.js"
    if script.exists():
        return ["node", "--no-warnings", str(script)]
    program = next(iter(sorted(modules.glob("claude-code-*/claude"))), None)
    return [str(program)] if program else []


@dataclass(frozen=True, slots=True)
class Client:
    """One version with a home and a work folder of its own."""

    version: str
    home: Path
    work: Path
    command: list[str]
    env: dict[str, str]


def prepare(version: str, folder: Path, base_url: str, *, subscription: bool) -> Client:
    """A client that has never run; `subscription` gives it an OAuth token in place of an API key."""
    home, work = folder / "home", folder / "work"
    (home / ".claude").mkdir(parents=True)
    (work / "src").mkdir(parents=True)
    (work / "notes.txt").write_text("alpha\nbeta\ngamma\n")
    (work / "src/app.py").write_text("print(sorted([3, 1, 2]))\n")
    (home / ".claude.json").write_text(json.dumps(_state(version, work)))
    login = {"CLAUDE_CODE_OAUTH_TOKEN": TOKEN} if subscription else {"ANTHROPIC_API_KEY": KEY}
    env = {
        "PATH": "/usr/local/bin:/usr/bin:/bin" + (f":{Path(node).parent}" if (node := shutil.which("node")) else ""),
        "HOME": str(home),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "SHELL": "/bin/bash",
        "IS_SANDBOX": "1",
        "DISABLE_AUTOUPDATER": "1",
        "ANTHROPIC_BASE_URL": base_url,
        "ENABLE_TOOL_SEARCH": "true",
        # On by default up to 2.1.62 or so; since then a setting of the account, which this one overrides.
        "CLAUDE_CODE_ENABLE_PROMPT_SUGGESTION": "1",
        **login,
    }
    return Client(version, home, work, _command(version), env)


def _state(version: str, work: Path) -> dict[str, object]:
    """What a client remembers of earlier runs, so that it asks no first questions."""
    state: dict[str, object] = {
        "hasCompletedOnboarding": True,
        "lastOnboardingVersion": version,
        "theme": "dark",
        "numStartups": 20,
        "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
        "bypassPermissionsModeAccepted": True,
        "projects": {
            str(work): {
                "hasTrustDialogAccepted": True,
                "hasCompletedProjectOnboarding": True,
                "allowedTools": [],
                "projectOnboardingSeenCount": 5,
            }
        },
    }
    # Before 1.0.2 a key from the environment was not enough for the terminal.
    return state | ({"primaryApiKey": KEY} if tuple(map(int, version.split("."))) < (1, 0, 2) else {})
