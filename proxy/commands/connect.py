"""`connect` and `disconnect`: point Claude Code's settings to Sidestep, and undo it.

Two members of `env` are written or removed; every other byte of the file stays. A file that is not understood is not
changed.
"""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from proxy.commands import json_edit
from proxy.headers import TOKEN_HEADER
from proxy.machine.disk import must_be_file, replace_file
from proxy.settings import client_settings, places
from proxy.settings.client_settings import BASE_URL, HEADERS, TOOL_SEARCH
from proxy.settings.config import ListenSettings, client_url, origin

_ON = "true"
"""What `connect` sets `ENABLE_TOOL_SEARCH` to, and the only value that `disconnect` removes."""

_ENVIRONMENT = "the environment"
"""As `client_settings.entries` has it."""

_BY_HAND = "Nothing was changed: edit it by hand."


class RefusedError(Exception):
    """Why nothing was changed, in words for people."""


@dataclass(frozen=True, slots=True)
class Job:
    """One call: the file of Claude Code's settings, Sidestep's address, and whether to replace another address."""

    file: Path
    listen: ListenSettings
    replace: bool = False
    dry: bool = False
    project: bool = False
    """Whether the file is that of the project in this folder."""


@dataclass(frozen=True, slots=True)
class Change:
    """One value of `env`, before and after; None for none."""

    name: str
    before: object
    after: str | None

    def lines(self) -> Iterator[str]:
        for sign, value in (("-", self.before), ("+", self.after)):
            if value is not None:
                yield f"  {sign} env.{self.name} = {json.dumps(_shown(value))}"


def connect(job: Job) -> int:
    """Point Claude Code to Sidestep, from its next start on; 0 if it worked, else 1."""
    if job.listen.port == 0:
        return _refuse("listen.port = 0: a client needs a port that stays")
    undo = f"`{places.called()} disconnect{' --project' if job.project else ''}` takes this out again"
    if not _changed(job, _to_connect, f"Claude Code comes here when it is started anew; {undo}."):
        return 1
    for warning in _in_the_way(job):
        print(warning, file=sys.stderr)
    return 0


def disconnect(job: Job) -> int:
    """Point Claude Code away from Sidestep, from its next start on; 0 if it worked, else 1."""
    said = "Claude Code goes past Sidestep when it is started anew; what runs now still comes here."
    if not _changed(job, _to_disconnect, said):
        return 1
    for place in client_settings.entries(job.listen):
        if place != str(job.file):
            print(f"{BASE_URL} in {place} leads here as well: {taken_out_by(place)}", file=sys.stderr)
    return 0


def command_for(place: str, command: str, environ: Mapping[str, str] = os.environ, here: Path | None = None) -> str:
    """How `connect` or `disconnect` is called for a place (`client_settings.entries`); "" if neither changes it."""
    if place == str(client_settings.user_file(environ)):
        return f"{places.called()} {command}"
    if place == str(client_settings.project_file(here or Path.cwd())):
        return f"{places.called()} {command} --project"
    return ""


def taken_out_by(place: str, environ: Mapping[str, str] = os.environ, here: Path | None = None) -> str:
    """What takes the base URL out of that place."""
    if place == _ENVIRONMENT:
        return f"unset {BASE_URL}, and take it out of your shell's start-up files"
    return command_for(place, "disconnect", environ, here) or f"take {BASE_URL} out of {place} by hand"


def token_problem(headers: object, listen: ListenSettings) -> str:
    """Why a client with these custom headers is refused for want of the token; "" if it is not. The token is not shown.

    Claude Code takes each line for a header. Of lines with the same name it sends the last. Names in different cases
    are different ones to it, whose values arrive as one.
    """
    if not listen.token:
        return ""
    if not isinstance(headers, str) or not headers.strip():
        return "is not set"
    wanted, lines = TOKEN_HEADER.decode(), (line.partition(":") for line in headers.split("\n"))
    given = {name.strip(): value.strip() for name, colon, value in lines if colon}
    sent = [value for name, value in given.items() if name.lower() == wanted]
    if not sent:
        return f"has no line with {wanted}"
    if len(sent) > 1:
        return f"has {wanted} in more than one spelling"
    return "" if sent[0] == listen.token else f"has another {wanted}"


def _changed(job: Job, changes_of: Callable[[Job, dict[str, Any]], Iterator[Change]], said: str) -> bool:
    """Make the changes and print them, then `said`; False if they are refused, and the reason is printed."""
    try:
        before, text, env = _read(job.file)
        changes = list(changes_of(job, env))
        after = _with(text, changes)
        if changes and not job.dry:
            _write(job.file, before, after)
    except (RefusedError, json_edit.NotUnderstoodError) as error:
        _refuse(f"{job.file}: {error}")
        return False
    except OSError as error:
        _refuse(f"{job.file}: {error.strerror}")
        return False
    state = " is as it should be" if not changes else " would be changed:" if job.dry else ":"
    print(f"{job.file}{state}", *(line for change in changes for line in change.lines()), sep="\n")
    if changes and not job.dry:
        print(said)
    return True


def _with(text: str, changes: Sequence[Change]) -> str:
    """The changed text; an `env` that becomes empty is removed."""
    for change in changes:
        path = ("env", change.name)
        if change.after is not None:
            text = json_edit.with_member(text, path, change.after)
        else:
            text = json_edit.without_member(text, path)
    removed = any(change.after is None for change in changes)
    return json_edit.without_member(text, ("env",)) if removed and not json_edit.loads(text)["env"] else text


def _refuse(why: str) -> int:
    print(why, file=sys.stderr)
    return 1


def _read(file: Path) -> tuple[bytes | None, str, dict[str, Any]]:
    """The file's bytes, the text to change, and its `env`. Raises RefusedError or OSError if it must not be changed."""
    try:
        must_be_file(file)
        content: bytes | None = file.read_bytes()
    except FileNotFoundError:
        content = None
    try:
        text = (content or b"").decode()
    except UnicodeDecodeError:
        raise RefusedError(f"no text in UTF-8. {_BY_HAND}") from None
    if not text.strip("\ufeff \t\r\n"):
        return content, "{}\n", {}
    try:
        document = json_edit.loads(text)
    except json_edit.NotUnderstoodError as error:
        raise RefusedError(f"{error}. {_BY_HAND}") from None
    env = document.get("env", {}) if isinstance(document, dict) else None
    if not isinstance(env, dict):
        where = "`env`" if isinstance(document, dict) else "the file"
        raise RefusedError(f"{where} is no JSON object. {_BY_HAND}")
    return content, text, env


def _write(file: Path, before: bytes | None, text: str) -> None:
    """Write atomically, through a link; refuse if somebody else has changed the file meanwhile."""
    target = file.resolve()
    if (target.read_bytes() if target.exists() else None) != before:
        raise RefusedError("it was changed just now by somebody else: try again")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(target, text.encode(), 0o600 if before is None else target.stat().st_mode & 0o7777)


def _to_connect(job: Job, env: dict[str, Any]) -> Iterator[Change]:
    there, wanted = env.get(BASE_URL), client_url(job.listen)
    if problem := token_problem(env.get(HEADERS), job.listen):
        raise RefusedError(
            f"listen.token is set, and env.{HEADERS} {problem}. The token is a secret: first put "
            f'"{HEADERS}": "{TOKEN_HEADER.decode()}: THE TOKEN" into its `env` by hand'
        )
    if there is not None and not client_settings.leads_here(there, job.listen) and not job.replace:
        raise RefusedError(
            f"env.{BASE_URL} is {json.dumps(_shown(there))}, which is not Sidestep. With --replace it is replaced; if "
            "requests are to go there still, set upstream.url to it"
        )
    if not client_settings.leads_here(there, job.listen):
        yield Change(BASE_URL, there, wanted)
    if TOOL_SEARCH not in env:
        yield Change(TOOL_SEARCH, None, _ON)


def _to_disconnect(job: Job, env: dict[str, Any]) -> Iterator[Change]:
    there = env.get(BASE_URL)
    if there is None:
        return
    if not client_settings.leads_here(there, job.listen) and not job.replace:
        raise RefusedError(
            f"env.{BASE_URL} is {json.dumps(_shown(there))}, which is not {client_url(job.listen)}. With --replace it "
            "is taken out all the same"
        )
    yield Change(BASE_URL, there, None)
    if env.get(TOOL_SEARCH) == _ON:
        yield Change(TOOL_SEARCH, _ON, None)


def _shown(value: object) -> object:
    """Only the origin of an address: the rest may contain a password or a key."""
    if value == _ON:
        return value
    if not isinstance(value, str):
        return "(no text)"
    return "(no URL)" if client_settings.url_of(value) is None else origin(value)


def _in_the_way(job: Job) -> Iterator[str]:
    """What keeps the client from Sidestep, although these settings point to it."""
    address = client_url(job.listen)
    for file in takewhile(lambda file: file != job.file, client_settings.files(os.environ, Path.cwd())):
        said = client_settings.env(file)
        if said.get(BASE_URL) is not None and not client_settings.leads_here(said[BASE_URL], job.listen):
            yield f"{file} sets {BASE_URL} too, and goes before"
        if HEADERS in said and (problem := token_problem(said[HEADERS], job.listen)):
            yield f"{file} goes before, and its {HEADERS} {problem}"
    url = client_settings.url_of(address)
    assert url is not None
    try:
        with closing(socket.create_connection((url.host or "", job.listen.port), timeout=1)):
            return
    except OSError:
        yield f"Nothing answers at {address} yet: until Sidestep is started, Claude Code waits, and reaches no model."
