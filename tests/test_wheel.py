"""The program as people install it: a wheel in an environment of its own, run from anywhere.

Its packages are those of the tests' own environment, so that nothing is fetched.
"""

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from proxy import __version__
from proxy.rules.load import load
from tests.waiting import PATIENCE

ROOT = Path(__file__).parent.parent
SHIPPED = len(load(ROOT / "rules").entries)
SOURCES = (
    "proxy",
    "sidestep.py",
    "rules",
    "systemd",
    "config.toml",
    "pyproject.toml",
    "setup.py",
    "MANIFEST.in",
    "README.md",
)
PAGE = (".css", ".html", ".js")


def _run(command: list[str], cwd: Path, home: Path) -> subprocess.CompletedProcess[str]:
    clean = {"HOME": str(home), "PATH": os.environ["PATH"]}
    return subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, of which a test can see that building has left it alone."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / "source" / name)
    options = ["--no-build-isolation", "--no-deps", "--no-index", "-w", str(folder)]
    built = _run([sys.executable, "-m", "pip", "wheel", *options, str(folder / "source")], folder, folder)
    assert built.returncode == 0, built.stdout + built.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def sidestep(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python")]  # its own would take seconds to unpack
    installed = _run([*pip, "install", "--no-deps", "--no-index", str(wheel)], folder, folder)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    return folder / "bin/sidestep"


def test_the_wheel_carries_every_module_and_what_stands_at_the_top_of_the_repository(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "proxy").rglob("*.py")} | {"proxy/py.typed"}
    carried = ["config.toml", *(f"rules/{path.name}" for path in (ROOT / "rules").glob("*.toml"))]
    carried += [str(path.relative_to(ROOT)) for path in (ROOT / "systemd").rglob("*.*") if path.is_file()]
    modules |= {str(path.relative_to(ROOT)) for path in (ROOT / "proxy/live").iterdir() if path.suffix in PAGE}
    modules.add("sidestep.py")
    assert held == modules | {f"proxy/defaults/{name}" for name in carried}


def test_building_leaves_nothing_in_the_clone(wheel: Path) -> None:
    """Else root owns it after `sudo pipx install`, and a rule that was taken out comes with the next wheel."""
    source = wheel.parent / "source"
    left = {path.relative_to(source) for path in source.rglob("*")}
    assert [path for path in sorted(left) if not (ROOT / path).exists() or path.parts[0] not in SOURCES] == []


def test_the_command_says_its_version(sidestep: Path, tmp_path: Path) -> None:
    said = _run([str(sidestep), "--version"], tmp_path, tmp_path).stdout
    assert said.startswith(f"sidestep {__version__}\nrules ")


@pytest.mark.parametrize("whole", [True, False], ids=["another package", "what is left of ours when that has gone"])
def test_another_package_of_the_same_name_is_told_in_words(wheel: Path, tmp_path: Path, whole: bool) -> None:
    """pip lets each write over the files of the other, and takes them away with the one that goes first."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    (tmp_path / "proxy/__init__.py").unlink()
    if whole:
        (tmp_path / "proxy/__init__.py").write_text('__version__ = "2.4"\n')
        (tmp_path / "proxy/__main__.py").write_text("def main(): return 0\n")
    started = "import sys, sidestep; sys.exit(sidestep.main())"
    done = _run([sys.executable, "-S", "-c", started, "--version"], tmp_path, tmp_path)
    assert (done.stdout, done.returncode) == ("", 1)
    assert f"the package `proxy` here is not Sidestep's ({tmp_path / 'proxy'}" in done.stderr
    assert "environment of its own" in done.stderr


def test_it_answers_with_what_it_carries_from_any_folder(sidestep: Path, tmp_path: Path) -> None:
    """A `config.toml` that is not Sidestep's is no business of its."""
    (tmp_path / "config.toml").write_text('baseURL = "https://blog.example"\n')
    done = _run([str(sidestep), "check", "--json"], tmp_path, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["rules"] == SHIPPED


def test_it_answers_with_the_rules_that_init_wrote_and_a_user_changed(sidestep: Path, tmp_path: Path) -> None:
    assert _run([str(sidestep), "init"], tmp_path, tmp_path).returncode == 0
    (tmp_path / ".config/sidestep/rules/70-warm-up.toml").unlink()
    done = _run([str(sidestep), "check", "--json"], tmp_path, tmp_path)
    assert (done.returncode, json.loads(done.stdout)["rules"]) == (0, SHIPPED - 1)


def test_the_module_is_the_same_program(sidestep: Path, tmp_path: Path) -> None:
    module = [str(sidestep.with_name("python")), "-m", "proxy"]
    said = [_run([*command, "rules", "--json"], tmp_path, tmp_path).stdout for command in ([str(sidestep)], module)]
    assert said[0] == said[1]
    assert len(json.loads(said[0])["rules"]) == SHIPPED
