"""Logs in systemd's journal: how it is recognized, and how each line states its priority."""

import os
from collections.abc import Mapping
from typing import TextIO

PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
"""Levels to the journal's priorities: a line that begins with `<N>` is filed under N (sd-daemon(3))."""


def is_journal(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether what is written to `stream` goes to the journal, by `JOURNAL_STREAM` (systemd.exec(5))."""
    device, _, inode = environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # closed, or no file at all
        return False
    return (device, inode) == (str(status.st_dev), str(status.st_ino))


def marked(text: str, level: str) -> str:
    """Lines of text, each with its priority."""
    return "\n".join(f"<{PRIORITIES[level]}>{line}" for line in text.splitlines())
