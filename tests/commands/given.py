"""What the tests of the commands start from: small rule files, and the program run on them."""

import json
from pathlib import Path
from typing import Any

import pytest

from proxy import __main__ as program

CONFIG = Path(__file__).parents[2] / "config.toml"

BASE = """
[base]
headers.user-agent = "claude-cli/2.0.64 (external, cli)"
body = { model = "m", max_tokens = 1024, messages = [{ role = "user", content = "hello" }] }
"""

HELLO = """
[[rules]]
name = "hello"
about = "a greeting"
action = "answer"
tested = { first = "1.0.0", last = "2.0.64" }
when = { client = "claude-cli", message_count = 1, user_text = "hello" }
answer = { text = "Hi" }
matches = [{ about = "the word", answer = "Hi" }]
misses = [{ about = "another word", body = { messages = [{ role = "user", content = "bye" }] } }]
"""


def rule(name: str, when: str, said: str, *, guard: bool = False, status: str = "on") -> str:
    """A rule whose one example says `said`."""
    answer = "" if guard else 'answer = { text = "Hi" }'
    return f"""
[[rules]]
name = "{name}"
about = "{name}"
action = "{"forward" if guard else "answer"}"
status = "{status}"
when = {{ {when} }}
{answer}
matches = [{{ about = "its example", body = {{ messages = [{{ role = "user", content = "{said}" }}] }}
    {"" if guard else ', answer = "Hi"'} }}]
misses = [{{ about = "no example", body = {{ messages = [{{ role = "user", content = "bye" }}] }} }}]
""".replace(" }] }\n    ", " }] }")


class Program:
    """The program on the rule files of one folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        settings = [f"rules.directory={self.folder}", f"shadow.file={self.folder / 'agreement.json'}"]
        behind = [part for setting in settings for part in ("--set", setting)]
        code = program.main([*arguments, "--config", str(CONFIG), *behind])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def json(self, *arguments: str) -> tuple[int, Any]:
        """Exit code, and the one document on standard output."""
        code, out, _ = self.run(*arguments, "--json")
        return code, json.loads(out)
