"""The environment that `make` sets up: named when it cannot be, and made anew when it is broken."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import PATIENCE

ROOT = Path(__file__).parent.parent

BARE = f"""#!/bin/sh
case "$*" in *ensurepip*) exit 1;; esac
exec {sys.executable} "$@"
"""
"""Debian's Python without python3-venv."""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The Makefile, with no packages to install; `bare` is a Python that can make no environment."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / "bare").write_text(BARE)
    (tmp_path / "bare").chmod(0o755)
    return tmp_path


def _make(clone: Path, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    command = ["make", ".venv/.run", f"PYTHON={python}", "VENV=.venv"]  # whatever the outer make was told
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(command, cwd=clone, env=clean, capture_output=True, text=True, timeout=PATIENCE, check=False)


def _runs(clone: Path) -> bool:
    python = clone / ".venv/bin/python"
    done = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, timeout=PATIENCE, check=False)
    return done.returncode == 0


def test_what_is_missing_is_named_and_its_half_made_environment_is_no_obstacle(clone: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=clone, check=True, timeout=PATIENCE)
    for _ in range(2):
        done = _make(clone, "./bare")
        assert done.returncode
        assert "sudo apt install python3-venv" in done.stderr
    assert _make(clone).returncode == 0
    assert _runs(clone)


def test_one_that_is_whole_is_made_once_and_one_that_is_broken_anew(clone: Path) -> None:
    assert _make(clone).returncode == 0
    assert "is up to date" in _make(clone).stdout
    (packages,) = clone.glob(".venv/lib/python3*/site-packages")
    shutil.rmtree(packages / "pip")  # as for a Python of another version, which looks elsewhere
    assert _make(clone).returncode == 0
    assert _runs(clone)
    interpreter = clone / ".venv/bin/python"
    interpreter.unlink()
    interpreter.symlink_to("/usr/bin/python3.0")
    assert _make(clone).returncode == 0
    assert _runs(clone)
    assert "is up to date" in _make(clone).stdout
