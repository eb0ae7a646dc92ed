"""Which variables may stand before a command without changing which program runs."""

import re
from collections.abc import Iterable

from proxy.filters.decline import Decline
from proxy.filters.shell.commands import names
from proxy.filters.shell.grammar import Assignment

# Those of the client's own policy, and settings of what is shown. All others could choose what runs: every version
# manager and every toolchain has a variable for where its programs are, and nobody knows them all.
_HARMLESS = names(
    "BAR BAZ CGO_ENABLED CI CLICOLOR CLICOLOR_FORCE COLUMNS ENV_VAR FOO FORCE_COLOR GOARCH GOEXPERIMENT GOOS LINES "
    "NODE_ENV NO_COLOR PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED RUST_BACKTRACE RUST_LOG TZ"
)
# With a slash in them, these name a file that is loaded.
_NAMES = names("LANG LANGUAGE LC_ALL LC_COLLATE LC_CTYPE LC_MESSAGES LC_MONETARY LC_NUMERIC LC_TIME TERM")
_PLAIN = re.compile(r"[A-Za-z0-9_.@:+-]*")
# The policy has it before a script, whose code it is about; elsewhere it would replace the tool's own.
_PYTHON = names("python python3 pytest")


def check_assignments(assignments: Iterable[Assignment], command: str) -> None:
    """Raise Decline unless each variable is known not to change what `command` runs."""
    for assignment in assignments:
        is_harmless = (
            assignment.name in _HARMLESS
            or (assignment.name in _NAMES and _PLAIN.fullmatch(assignment.value))
            or (assignment.name == "PYTHONPATH" and command in _PYTHON)
        )
        if not is_harmless:
            raise Decline("variable changes what runs")
