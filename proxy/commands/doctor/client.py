"""Claude Code's settings on this machine. Only a few named settings are read, and no credential but the local token."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import orjson

from proxy.commands.connect import command_for, taken_out_by, token_problem
from proxy.commands.doctor.findings import Finding, fault, ok, warning
from proxy.headers import TOKEN_HEADER
from proxy.machine.addresses import is_loopback
from proxy.settings import client_settings, places
from proxy.settings.client_settings import BASE_URL, HEADERS, TOOL_SEARCH, shown, url_of
from proxy.settings.config import ListenSettings, client_url
from proxy.settings.surroundings import without_proxy

ELSEWHERE = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX")
"""Switches that send the client to another provider, whatever its base URL."""

_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
_NO_PROXY = ("NO_PROXY", "no_proxy")
_LOOKED_AT = (BASE_URL, HEADERS, TOOL_SEARCH, *ELSEWHERE, *_PROXIES, *_NO_PROXY)
_ANTHROPIC = "api.anthropic.com"
_KEEPS_TOOL_SEARCH = (2, 1, 326)
"""Older clients switch it off for every address but Anthropic's own."""

_OFF = ("", "0", "false", "no", "off")


class _Said(NamedTuple):
    """A value, and the file that it is set in, or "the environment"."""

    text: str
    place: str


_Values = Mapping[str, _Said]
"""By setting."""


def client(
    listen: ListenSettings, environ: Mapping[str, str] = os.environ, here: Path | None = None, *, running: bool = True
) -> list[Finding]:
    """Whether the client uses the Sidestep with these settings, and keeps its tool search. `running`: Sidestep runs."""
    here = here or Path.cwd()
    files = client_settings.files(environ, here)
    found = list(_unreadable(files))
    values = _values(files, environ)
    path = shutil.which("claude", path=environ.get("PATH"))
    found.append(ok("client", path) if path else warning("client", "claude is not on the PATH", "install Claude Code"))
    found += [
        fault("base URL", f"{name} is set in {values[name].place}: the client goes elsewhere", "take it out")
        for name in ELSEWHERE
        if name in values and values[name].text.lower() not in _OFF
    ]
    base = [_base_url(values, listen)]
    if base[0].verdict == "ok" and not running:
        base = left_behind(listen, environ, here)
    found += [*base, *_around(values)]
    connects = ""
    if BASE_URL in values and client_settings.leads_here(values[BASE_URL].text, listen):
        found += _token(values, listen, environ, here)
        connects = command_for(values[BASE_URL].place, "connect", environ, here)
    return [*found, _tool_search(values, _version(path), connects)]


def left_behind(
    listen: ListenSettings, environ: Mapping[str, str] = os.environ, here: Path | None = None
) -> list[Finding]:
    """If Sidestep does not run: settings that still point the client to it."""
    return [
        fault(
            "base URL",
            f"{BASE_URL} is {client_url(listen)} in {place}: no Sidestep answers there",
            f"start it, since the client reaches no model; or {taken_out_by(place, environ, here)}",
        )
        for place in client_settings.entries(listen, environ, here)
    ]


def _around(values: _Values) -> Iterator[Finding]:
    """A fault if the client sends requests for Sidestep through a proxy. The proxy's address is not shown."""
    name = next((name for name in _PROXIES if name in values and values[name].text), "")
    url = url_of(values[BASE_URL].text) if BASE_URL in values else None
    if not name or not url or not is_loopback(url.host or ""):
        return
    listed = next((values[each].text for each in _NO_PROXY if each in values), "")
    if not without_proxy(url.host or "", listed):
        found = (
            f"{name} is set in {values[name].place}: the client sends everything there, with its key, and nothing here"
        )
        yield fault("base URL", found, "set NO_PROXY=127.0.0.1,localhost there as well")


def _base_url(values: _Values, listen: ListenSettings) -> Finding:
    if BASE_URL not in values:
        found = f"{BASE_URL} is not set: the client goes past Sidestep"
        return warning("base URL", found, f"{places.called()} connect")
    text, place = values[BASE_URL]
    url = url_of(text)
    found = f"{shown(url) if url else 'not a URL'}, in {place}"
    if client_settings.leads_here(text, listen):
        return ok("base URL", found)
    return fault("base URL", f"{found}: the client goes past Sidestep", f"set {BASE_URL} to {client_url(listen)}")


def _token(values: _Values, listen: ListenSettings, environ: Mapping[str, str], here: Path) -> Iterator[Finding]:
    """With `listen.token`, all requests of a client that does not send it are refused. Neither is shown."""
    said = values.get(HEADERS)
    problem = token_problem(said.text if said else None, listen)
    if problem:
        found = f"{HEADERS} {problem}{f', in {said.place}' if said else ''}: every request of the client is refused"
        # Where the base URL is: without that, another server would get it. But not where all of a project can read it.
        place, shared = (said or values[BASE_URL]).place, client_settings.project_file(here)
        if place == str(shared) and shared != client_settings.user_file(environ):
            place = str(shared.with_name("settings.local.json"))
        yield fault("token", found, f'put the line "{TOKEN_HEADER.decode()}: THE TOKEN" into it, in {place}')
    elif said and listen.token:
        yield ok("token", f"sent by {HEADERS}, in {said.place}")


def _tool_search(values: _Values, version: tuple[int, ...] | None, connects: str) -> Finding:
    """`connects`: the command that sets it where the base URL is set; "" for none."""
    if TOOL_SEARCH in values:
        text, place = values[TOOL_SEARCH]
        return ok("tool search", f"{'off' if text.lower() in _OFF else 'on'}, in {place}")
    unset = f"{TOOL_SEARCH} is not set"
    base = values.get(BASE_URL)
    url = url_of(base.text) if base else None
    if base is None or not base.text or (url and url.host == _ANTHROPIC):
        return ok("tool search", f"{unset}, and is not needed for Anthropic's own address")
    before = ".".join(map(str, _KEEPS_TOOL_SEARCH))
    if version and version >= _KEEPS_TOOL_SEARCH:
        return ok("tool search", f"{unset}, and is needed only by clients before {before}")
    found = f"{unset}: clients before {before} switch it off for every address but Anthropic's own"
    return warning("tool search", found, connects or f"set {TOOL_SEARCH}=true in {base.place} as well")


def _version(path: str | None) -> tuple[int, ...] | None:
    """The client's, where its installer names the file by it; None if that is not known without starting it."""
    name = Path(path).resolve().name if path else ""
    return tuple(map(int, name.split("."))) if re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", name) else None


def _values(files: list[Path], environ: Mapping[str, str]) -> _Values:
    """All that is looked at; the first place that sets something has precedence."""
    values: dict[str, _Said] = {}
    said_in = [(client_settings.env(file), str(file)) for file in files] + [(environ, "the environment")]
    for said, place in said_in:
        for name in _LOOKED_AT:
            if name in said:
                values.setdefault(name, _Said(str(said[name]), place))
    return values


def _unreadable(files: list[Path]) -> Iterator[Finding]:
    for file in files:
        try:
            orjson.loads(file.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, orjson.JSONDecodeError):
            yield warning("client", f"{file} cannot be read as JSON: the client passes it over", "mend it there")
