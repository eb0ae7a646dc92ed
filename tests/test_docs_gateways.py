"""docs/gateways.md, held against the code: its settings can be used, its rules exist, its links lead somewhere."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from proxy.rules.load import load
from proxy.settings import toml
from proxy.settings.config import parse
from tests.cases import every

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/gateways.md").read_text("utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SERVERS = ("llama-server", "Ollama", "LM Studio", "vLLM", "LiteLLM", "claude-code-router")


@every("block", BLOCKS)
def test_every_block_of_settings_is_taken(block: str) -> None:
    parse(toml.parse(block, "the page"))


def test_no_address_ends_in_v1() -> None:
    urls = [urlsplit(url) for url in re.findall(r'^url = "([^"]+)"', PAGE, re.MULTILINE)]
    assert len(urls) == 1 + len(SERVERS)
    assert {url.path for url in urls} == {""}


def test_rules_that_the_page_names_are_there() -> None:
    named = set(re.findall(r"^\[rules\.override\.([a-z-]+)\]", PAGE, re.MULTILINE))
    rows = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE))
    assert named
    assert rows
    assert named | rows <= {entry.rule.name for entry in load(ROOT / "rules").entries}


@every("server", SERVERS)
def test_every_server_has_its_block_and_says_whether_it_was_tried(server: str) -> None:
    section = PAGE.partition(f"\n### {server}\n")[2].partition("\n##")[0].strip()
    assert re.match(r"Tried with .*[0-9]\.[0-9]|Not tried here", section)
    assert "[upstream]" in section
    assert "ANTHROPIC_MODEL" in section
    assert "ANTHROPIC_AUTH_TOKEN" in section


def test_links_lead_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", PAGE) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
