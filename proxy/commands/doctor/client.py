"""What Claude Code on this machine is set to. A few settings are looked at, by their names; no credential is read.

Its settings files are asked in their order of precedence (Claude Code's documentation, "Settings"); `env` in any of
them goes before the environment.
"""

import ipaddress
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson
from yarl import URL

from proxy.commands.doctor.findings import Finding, fault, ok, warning
from proxy.config import Listen
from proxy.surroundings import without_proxy

BASE_URL = "ANTHROPIC_BASE_URL"
TOOL_SEARCH = "ENABLE_TOOL_SEARCH"
ELSEWHERE = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX")
"""Switches by which the client goes to another provider, whatever its base URL."""

_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
_NO_PROXY = ("NO_PROXY", "no_proxy")
_LOOKED_AT = (BASE_URL, TOOL_SEARCH, *ELSEWHERE, *_PROXIES, *_NO_PROXY)
_OFF = ("", "0", "false", "no", "off")


def client(
    listen: Listen, environ: Mapping[str, str] = os.environ, here: Path | None = None, *, running: bool = True
) -> list[Finding]:
    """Whether the client goes through the Sidestep that these settings make, which runs, and keeps its tool search."""
    files = _settings_files(environ, here or Path.cwd())
    found = list(_unreadable(files))
    values = _values(files, environ)
    path = shutil.which("claude", path=environ.get("PATH"))
    found.append(ok("client", path) if path else warning("client", "claude is not on the PATH", "install Claude Code"))
    found += [
        fault("base URL", f"{name} is set {values[name][1]}: the client goes elsewhere", "take it out")
        for name in ELSEWHERE
        if name in values and values[name][0].lower() not in _OFF
    ]
    base = _base_url(values, listen)
    if base.verdict == "ok" and not running:
        base = fault("base URL", f"{base.found}: no Sidestep answers there", "start it: the client reaches no model")
    return [*found, base, *_around(values), _tool_search(values)]


def _around(values: Mapping[str, tuple[str, str]]) -> Iterator[Finding]:
    """A proxy that the client would send its requests to, those for Sidestep too. What it is called is not shown."""
    name = next((name for name in _PROXIES if values.get(name, ("", ""))[0]), "")
    url = _url(values[BASE_URL][0]) if BASE_URL in values else None
    if not name or not url or not _is_here(url.host or ""):
        return
    listed = next((values[each][0] for each in _NO_PROXY if each in values), "")
    if not without_proxy(url.host or "", listed):
        found = f"{name} is set {values[name][1]}: the client sends everything there, with its key, and nothing here"
        yield fault("base URL", found, "set NO_PROXY=127.0.0.1,localhost there as well")


def _base_url(values: Mapping[str, tuple[str, str]], listen: Listen) -> Finding:
    wanted = f"http://{'[::1]' if ':' in listen.host else '127.0.0.1'}:{listen.port}"
    if BASE_URL not in values:
        todo = f'put {{"env": {{"{BASE_URL}": "{wanted}"}}}} into ~/.claude/settings.json'
        return warning("base URL", f"{BASE_URL} is not set: the client goes past Sidestep", todo)
    text, where = values[BASE_URL]
    url = _url(text)
    if url and url.scheme == "http" and _is_here(url.host or "") and url.port == listen.port and url.path == "/":
        return ok("base URL", f"{_shown(url)}, {where}")
    shown = _shown(url) if url else "not a URL"
    return fault("base URL", f"{shown}, {where}: the client goes past Sidestep", f"set {BASE_URL} to {wanted}")


def _tool_search(values: Mapping[str, tuple[str, str]]) -> Finding:
    if TOOL_SEARCH not in values:
        return warning(
            "tool search",
            "off, as for every base URL but Anthropic's own",
            f'put {{"env": {{"{TOOL_SEARCH}": "true"}}}} into ~/.claude/settings.json',
        )
    text, where = values[TOOL_SEARCH]
    return ok("tool search", f"{'off' if text.lower() in _OFF else 'on'}, {where}")


def _values(files: list[Path], environ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Each setting that is looked at, to its value and where it was set; the first place that says it wins."""
    values: dict[str, tuple[str, str]] = {}
    places = [(_env(file), f"in {file}") for file in files] + [(environ, "in the environment")]
    for said, where in places:
        for name in _LOOKED_AT:
            if name in said:
                values.setdefault(name, (str(said[name]), where))
    return values


def _settings_files(environ: Mapping[str, str], here: Path) -> list[Path]:
    """Claude Code's settings files, the one that wins first."""
    managed = "/Library/Application Support/ClaudeCode" if sys.platform == "darwin" else "/etc/claude-code"
    home = Path(environ.get("CLAUDE_CONFIG_DIR") or Path(environ.get("HOME") or "/") / ".claude")
    project = here / ".claude"
    return [
        Path(managed) / "managed-settings.json",
        project / "settings.local.json",
        project / "settings.json",
        home / "settings.json",
    ]


def _env(file: Path) -> Mapping[str, object]:
    try:
        document = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    env = document.get("env") if isinstance(document, dict) else None
    return env if isinstance(env, dict) else {}


def _unreadable(files: list[Path]) -> Iterator[Finding]:
    for file in files:
        try:
            orjson.loads(file.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, orjson.JSONDecodeError):
            yield warning("client", f"{file} cannot be read as JSON: the client passes it over", "mend it there")


def _url(text: str) -> URL | None:
    try:
        url = URL(text)
    except ValueError:
        return None
    return url if url.host else None


def _shown(url: URL) -> str:
    """Without what may be a secret in it."""
    return str(url.with_user(None).with_query(None).with_fragment(None)).removesuffix("/")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
