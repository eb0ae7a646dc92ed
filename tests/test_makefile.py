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

LIGHT = f"""#!/bin/sh
set -e
case "$*" in "-m venv --clear "*) ;; *) exec {sys.executable} "$@";; esac
{sys.executable} -m venv --clear --without-pip "$4"
pip=$(echo "$4"/lib/python3*/site-packages)/pip
mkdir "$pip"
echo > "$pip/__init__.py"
echo "print('pip of a test')" > "$pip/__main__.py"
"""
"""Its environments have a pip that does nothing: to unpack the real one takes seconds."""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The Makefile, with no packages to install, and the Pythons above."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").write_text("")
    for name, text in (("bare", BARE), ("light", LIGHT)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return tmp_path


PYTHONS = pytest.mark.parametrize("python", ["./light", pytest.param(sys.executable, marks=pytest.mark.slow)])


def _make(clone: Path, python: str) -> subprocess.CompletedProcess[str]:
    command = ["make", ".venv/.run", f"PYTHON={python}", "VENV=.venv"]  # whatever the outer make was told
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(command, cwd=clone, env=clean, capture_output=True, text=True, timeout=PATIENCE, check=False)


def _runs(clone: Path) -> bool:
    python = clone / ".venv/bin/python"
    done = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, timeout=PATIENCE, check=False)
    return done.returncode == 0


@PYTHONS
def test_what_is_missing_is_named_and_its_half_made_environment_is_no_obstacle(clone: Path, python: str) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=clone, check=True, timeout=PATIENCE)
    for _ in range(2):
        done = _make(clone, "./bare")
        assert done.returncode
        assert "sudo apt install python3-venv" in done.stderr
    assert _make(clone, python).returncode == 0
    assert _runs(clone)


@PYTHONS
def test_one_that_is_whole_is_made_once_and_one_that_is_broken_anew(clone: Path, python: str) -> None:
    assert _make(clone, python).returncode == 0
    assert "is up to date" in _make(clone, python).stdout
    (packages,) = clone.glob(".venv/lib/python3*/site-packages")
    shutil.rmtree(packages / "pip")  # as for a Python of another version, which looks elsewhere
    assert _make(clone, python).returncode == 0
    assert _runs(clone)
    interpreter = clone / ".venv/bin/python"
    interpreter.unlink()
    interpreter.symlink_to("/usr/bin/python3.0")
    assert _make(clone, python).returncode == 0
    assert _runs(clone)
    assert "is up to date" in _make(clone, python).stdout
