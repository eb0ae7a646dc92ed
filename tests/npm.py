"""Packages of npm that tests need: installed once a version, below the cache."""

import shutil
import subprocess
from pathlib import Path

_CACHE = Path(__file__).parents[1] / ".cache"
_SECONDS = 300


def installed(manifest: Path, name: str) -> Path:
    """The folder with what `manifest`, a package.json, asks for; `name` is its own below the cache."""
    folder = _CACHE / name
    wanted = manifest.read_bytes()
    if not (folder / "complete").exists() or (folder / "package.json").read_bytes() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_bytes(wanted)
        command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
        assert done.returncode == 0, f"npm could not install {manifest}:\n{done.stderr[-2000:]}"
        (folder / "complete").touch()
    return folder
