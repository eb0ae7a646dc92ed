"""How an answer is computed: pure functions that rule templates use by name; each may decline with a reason."""

from collections.abc import Callable, Mapping
from typing import Any

from proxy.filters.shell.command_prefix import command_prefix
from proxy.filters.shell.file_paths import file_paths
from proxy.filters.titles.gerund import gerund
from proxy.filters.titles.session_title import session_title
from proxy.filters.titles.topic import topic

FILTERS: Mapping[str, Callable[..., Any]] = {
    "command_prefix": command_prefix,
    "file_paths": file_paths,
    "gerund": gerund,
    "session_title": session_title,
    "topic": topic,
}
