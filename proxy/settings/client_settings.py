"""Claude Code's settings files: where they are, and whether their `env` points to Sidestep. No credential is read.

The order is that of precedence (Claude Code's documentation, "Settings"); `env` in any file overrides the environment.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import orjson
from yarl import URL

from proxy.machine.addresses import is_loopback
from proxy.settings.config import ListenSettings

BASE_URL = "ANTHROPIC_BASE_URL"
TOOL_SEARCH = "ENABLE_TOOL_SEARCH"
HEADERS = "ANTHROPIC_CUSTOM_HEADERS"


def user_file(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's settings."""
    folder = environ.get("CLAUDE_CONFIG_DIR") or Path(environ.get("HOME") or "/") / ".claude"
    return Path(folder) / "settings.json"


def project_file(here: Path) -> Path:
    """The settings of a project, which everybody who works on it shares."""
    return here / ".claude/settings.json"


def files(environ: Mapping[str, str], here: Path) -> list[Path]:
    """All settings files, the one with the highest precedence first."""
    managed = "/Library/Application Support/ClaudeCode" if sys.platform == "darwin" else "/etc/claude-code"
    shared = project_file(here)
    found = (
        Path(managed) / "managed-settings.json",
        shared.with_name("settings.local.json"),
        shared,
        user_file(environ),
    )
    return list(dict.fromkeys(found))


def env(file: Path) -> Mapping[str, object]:
    """The `env` of a file; empty if it cannot be read."""
    try:
        document = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    found = document.get("env") if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}


def entries(listen: ListenSettings, environ: Mapping[str, str] = os.environ, here: Path | None = None) -> list[str]:
    """Where `ANTHROPIC_BASE_URL` points to the Sidestep with these settings: files, or the environment."""
    places = [(str(file), env(file)) for file in files(environ, here or Path.cwd())] + [("the environment", environ)]
    return [place for place, said in places if leads_here(said.get(BASE_URL), listen)]


def leads_here(value: object, listen: ListenSettings) -> bool:
    """Whether a base URL points to the Sidestep with these settings."""
    url = url_of(value) if isinstance(value, str) else None
    if url is None or url.scheme != "http" or url.port != listen.port or url.path != "/":
        return False
    return is_loopback(url.host or "") or url.host in (listen.host, *listen.names)


def url_of(text: str) -> URL | None:
    """A URL with a host, or None."""
    try:
        url = URL(text)
    except ValueError:
        return None
    return url if url.host else None


def shown(url: URL) -> str:
    """The URL without parts that may be secret."""
    return str(url.with_user(None).with_query(None).with_fragment(None)).removesuffix("/")
