"""ESLint finds no fault in the page's script, put together as the browser gets it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from proxy.live.document import document
from tests.npm import installed
from tests.waiting import PATIENCE

HERE = Path(__file__).parent


@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed: ESLint is not asked")
def test_eslint_finds_nothing(tmp_path: Path) -> None:
    tools = installed(HERE / "package.json", "page")
    for name in ("package.json", "node_modules"):
        (tmp_path / name).symlink_to(tools / name)
    shutil.copy(HERE / "eslint.config.mjs", tmp_path)
    (script,) = re.findall(r"<script>(.*?)</script>", document().html.decode(), re.DOTALL)
    (tmp_path / "page.js").write_text(script, "utf-8")
    command = ["node", "node_modules/eslint/bin/eslint.js", "--max-warnings", "0", "page.js"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)
