"""Messages for a person at a terminal when Sidestep starts and stops: where things are, and what to do."""

import sys
from textwrap import wrap

from proxy import __version__
from proxy.headers import TOKEN_HEADER
from proxy.rules.ruleset import RuleSet
from proxy.settings import client_settings, places
from proxy.settings.client_settings import BASE_URL, HEADERS, TOOL_SEARCH
from proxy.settings.config import Config, client_url, origin

_WIDE = 80


def greeting(config: Config, rules: RuleSet) -> str:
    """The address, how to connect the client, what is answered, and where the log goes."""
    here, entries = client_url(config.listen), client_settings.entries(config.listen)
    lines = [f"Sidestep {__version__} serves {here}, before {origin(config.upstream.url)}.", ""]
    if entries:
        lines += [f"Claude Code comes here, by {', '.join(entries)}."]
    else:
        lines += ["To have Claude Code come here, in another terminal:", f"  {_client_line(config)}"]
        lines += [f"or from now on: {places.called()} connect"]
    lines += ["", *_row("Page", f"{here}/-/"), *_row("Answers", _answers(rules)), *_row("Log", _log())]
    if config.journal.enabled:
        lines += _row("Figures", f"{places.called()} stats")
    if config.capture.enabled:
        lines += _row("Capture", f"requests with their bodies, in {config.capture.file}")
    return "\n".join([*lines, *_row("Stop", "Ctrl-C"), ""])


def farewell(config: Config) -> str:
    """A warning if the client is still set to come here, where nothing will answer; else ""."""
    entries = client_settings.entries(config.listen)
    if not entries:
        return ""
    return (
        f"Claude Code is still set to come here, by {BASE_URL} in {', '.join(entries)}.\n"
        f"While Sidestep does not run it reaches no model: start it again, or {places.called()} disconnect"
    )


def _client_line(config: Config) -> str:
    token = f'{HEADERS}="{TOKEN_HEADER.decode()}: $TOKEN" ' if config.listen.token else ""
    return f"{token}{BASE_URL}={client_url(config.listen)} {TOOL_SEARCH}=true claude"


def _answers(rules: RuleSet) -> str:
    names = [rule.name for rule in rules.rules if not rule.guards and rule.status == "on"]
    return ", ".join(names) or "nothing: no rule is on"


def _log() -> str:
    return "here, a line for each request" if sys.stdout.isatty() else "standard output, which is not this terminal"


def _row(name: str, text: str) -> list[str]:
    return wrap(
        f"{name + ':':10}{text}",
        _WIDE,
        subsequent_indent=" " * 10,
        break_long_words=False,
        break_on_hyphens=False,
    )
