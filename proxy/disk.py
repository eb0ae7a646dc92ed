"""Files: read without being kept waiting, and work on the disk beside the event loop."""

import asyncio
import os
import stat
from collections.abc import Callable
from pathlib import Path

_MOST = 4 * 1024 * 1024
"""Bytes of a file of settings or rules: fifty times the largest that is known."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def must_be_file(path: Path) -> None:
    """Raises OSError, with a `strerror` that says so, for what is no file, or a huge one."""
    status = path.stat()
    if kind := _KINDS.get(stat.S_IFMT(status.st_mode)):
        raise OSError(None, f"found {kind}, expected a file")
    if status.st_size > _MOST:
        raise OSError(None, f"found {status.st_size:,} bytes, expected {_MOST:,} at most")


def read_text(path: Path) -> str:
    """The text of a file of settings, rules or counts. Raises OSError as above, and for what is not UTF-8."""
    must_be_file(path)
    try:
        with open(path, encoding="utf-8", opener=_without_waiting) as file:
            return file.read()
    except UnicodeDecodeError:
        raise OSError(None, "not UTF-8") from None


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


async def beside(work: Callable[[], None]) -> None:
    """Run `work` in a thread. Cancelled, it still waits until the work is done: a thread cannot be stopped half-way."""
    working = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait([working])
        raise
