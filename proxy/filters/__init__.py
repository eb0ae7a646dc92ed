"""Filters: pure functions that rule templates use by name. Each may decline with a reason."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from proxy.filters.decline import Decline
from proxy.filters.shell.command_prefix import command_prefix
from proxy.filters.shell.file_paths import file_paths
from proxy.filters.titles.gerund import gerund
from proxy.filters.titles.session_title import session_title
from proxy.filters.titles.topic import topic

_MESSAGE = 64 * 1024
"""Longest message in characters from which a title is made."""


def _within(limit: int, answer: Callable[..., Any]) -> Callable[..., Any]:
    """The filter with a limit: it declines longer texts before it reads them."""

    @wraps(answer)
    def bounded(text: str, *options: Any, **named: Any) -> Any:
        if len(text) > limit:
            raise Decline("too long")
        return answer(text, *options, **named)

    return bounded


FILTERS: Mapping[str, Callable[..., Any]] = {
    "command_prefix": command_prefix,
    "file_paths": file_paths,
    "gerund": _within(_MESSAGE, gerund),
    "session_title": _within(_MESSAGE, session_title),
    "topic": _within(_MESSAGE, topic),
}
"""Filters by name. Each limits its input so that it takes a few milliseconds."""
