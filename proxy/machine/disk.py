"""Files: reading without blocking, writing atomically, and disk work in a thread."""

import asyncio
import codecs
import os
import stat
from collections.abc import Callable
from pathlib import Path

_MOST = 4 * 1024 * 1024
"""Bytes of a file of settings or rules: fifty times the largest known one."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def must_be_file(path: Path) -> None:
    """Raises OSError, with the reason in `strerror`, for anything but a file of reasonable size."""
    status = path.stat()
    if kind := _KINDS.get(stat.S_IFMT(status.st_mode)):
        raise OSError(None, f"found {kind}, expected a file")
    if status.st_size > _MOST:
        raise OSError(None, f"found {status.st_size:,} bytes, expected {_MOST:,} at most")


class NotUtf8Error(OSError):
    """A text file is not UTF-8; `line` is the line of the first bad byte."""

    def __init__(self, content: bytes, at: int) -> None:
        utf16 = content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        found = "UTF-16" if utf16 else f"the byte 0x{content[at]:02x}"
        super().__init__(None, f"found {found}, expected text in UTF-8")
        self.line = 1 + content.count(b"\n", 0, at)


def read_text(path: Path) -> str:
    """The text of a file, without a byte order mark. Raises OSError, as above."""
    must_be_file(path)
    try:
        with open(path, encoding="utf-8-sig", opener=_without_waiting) as file:
            return file.read()
    except UnicodeDecodeError as error:
        raise NotUtf8Error(error.object, error.start) from None


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def replace_file(path: Path, content: bytes, mode: int) -> None:
    """Replace a file atomically: somebody may be reading it. If root does it, the owner stays the same."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        os.fchmod(descriptor, mode)
        if os.geteuid() == 0 and path.exists():
            os.fchown(descriptor, path.stat().st_uid, path.stat().st_gid)
    os.replace(fresh, path)


async def in_thread(work: Callable[[], None]) -> None:
    """Run `work` in a thread. If cancelled, it still waits for the end of the work: a thread cannot be stopped."""
    working = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait([working])
        raise
