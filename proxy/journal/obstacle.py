"""What keeps a journal from being written, as far as it can be seen without writing anything."""

import os
import stat
from pathlib import Path


def obstacle(file: Path) -> str:
    """What stands in the way, in a few words; "" for nothing that this user can see."""
    try:
        status = file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return _above(file.parent)
    except OSError as error:
        return f"{file.parent}: {error.strerror}"
    if not stat.S_ISREG(status.st_mode):
        return f"{file}: no regular file"
    return "" if os.access(file, os.R_OK | os.W_OK) else f"{file}: this user may not write to it"


def _above(folder: Path) -> str:
    there = next((path for path in (folder, *folder.parents) if path.exists()), Path("/"))
    if not there.is_dir():
        return f"{there}: no folder"
    return "" if os.access(there, os.W_OK | os.X_OK) else f"{there}: this user may not write there"
