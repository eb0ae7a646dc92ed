"""`--version`: the versions of the program, its rules and Python, for bug reports."""

import hashlib
import platform
import sys
from pathlib import Path

from proxy import __version__
from proxy.exchange import version_text
from proxy.rules.load import load
from proxy.settings import places


def run() -> int:
    """Print three lines; the rules are those next to the default settings."""
    folder = places.config_in_use().parent / "rules"
    print(f"sidestep {__version__}")
    print(f"rules {rules_version(folder)} ({folder})")
    print(f"Python {platform.python_version()} ({sys.executable})")
    return 0


def rules_version(folder: Path) -> str:
    """`1f3a9c07, tried with Claude Code up to 2.1.332`; the digest identifies the files."""
    files = sorted(folder.glob("*.toml"))
    if not files:
        return "none"
    digest = hashlib.sha256()
    try:
        for file in files:
            content = file.read_bytes()
            digest.update(b"%s\0%d\0%s" % (file.name.encode("utf-8", "surrogateescape"), len(content), content))
    except OSError as error:
        return f"that cannot be read: {error.filename}: {error.strerror}"
    newest = max((entry.rule.tested[1] for entry in load(folder).entries if entry.rule.tested), default=())
    tried = f", tried with Claude Code up to {version_text(newest)}" if newest else ""
    return f"{digest.hexdigest()[:8]}{tried}"
