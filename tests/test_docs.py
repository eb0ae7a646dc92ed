"""The documents, docs/rules.md above all, held against the code.

No fact, operator, key or command in them is made up, and none is left out.
"""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from pydantic import BaseModel

from proxy import __main__ as program
from proxy.commands.commandline import EXIT_CODES, parser
from proxy.filters import FILTERS
from proxy.rules import schema
from proxy.rules.facts import FACTS, fact
from proxy.rules.load import compile_document
from proxy.rules.operators import OPERATORS
from proxy.settings import toml
from tests.cases import every

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/rules.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
SERVICE = (ROOT / "docs/service.md").read_text("utf-8")
LOGS = (ROOT / "docs/logs.md").read_text("utf-8")
DEPLOY = (ROOT / "docs/deploy.md").read_text("utf-8")
CONNECT = (ROOT / "docs/connect.md").read_text("utf-8")
COMMANDS = (ROOT / "docs/commands.md").read_text("utf-8")
INDEX = (ROOT / "docs/index.md").read_text("utf-8")
STATS = (ROOT / "docs/stats.md").read_text("utf-8")
MODELS = [model for model in vars(schema).values() if isinstance(model, type) and issubclass(model, BaseModel)]
OTHERS = ("cd", "git", "install", "openssl", "rm", "journalctl", "launchctl", "pipx", "podman", "systemctl")
"""Other people's programs, of which a page may speak."""
VALUES = ("on", "shadow", "off", "text", "json", "paths", "title", "any", "decline", "answer", "forward")


def rows(heads: str) -> list[list[str]]:
    """The cells of the table below the line `heads`."""
    lines = PAGE[PAGE.index(heads) :].splitlines()[2:]
    table = lines[: next(index for index, line in enumerate(lines) if not line)]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in table]


def blocks(page: str, language: str) -> list[tuple[int, str]]:
    """Every block of code in that language, and the line on which it begins."""
    found = re.finditer(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return [(page[: block.start(1)].count("\n") + 1, block[1]) for block in found]


def commands(page: str) -> list[str]:
    lines = [line for _, block in blocks(page, "console") for line in block.splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


def test_the_table_of_facts_is_that_of_the_code() -> None:
    header = fact("header.any")
    assert header is not None
    known = {**FACTS, "header.NAME": header}
    assert rows("| fact | kind |") == [[name, found.kind, found.meaning] for name, found in known.items()]


def test_the_table_of_operators_is_that_of_the_code() -> None:
    assert rows("| kind | operator |") == [
        [kind, name, operator.operand, operator.meaning]
        for kind, operators in OPERATORS.items()
        for name, operator in operators.items()
    ]


def test_every_filter_has_its_row() -> None:
    shown = {name.partition("(")[0] for row in rows("| filter | of |") for name in re.findall(r"[a-z_(]+", row[0])}
    assert {*FILTERS, "json"} <= shown


@every(("model", "key"), [(model.__name__, key) for model in MODELS for key in model.model_fields], ids=str)
def test_every_key_of_a_rule_file_occurs(model: str, key: str) -> None:
    assert f"`{key}`" in PAGE or f"`[[{key}]]`" in PAGE, f"{model}.{key}"


@every("value", VALUES)
def test_every_value_of_a_setting_occurs(value: str) -> None:
    assert f'`"{value}"`' in PAGE


@pytest.mark.parametrize(("page", "count"), [(PAGE, 4), (README, 1)], ids=["docs", "README"])
def test_every_rule_on_the_page_loads(page: str, count: int) -> None:
    shown = [(line, block) for line, block in blocks(page, "toml") if "[[rules]]" in block]
    assert len(shown) == count
    for line, block in shown:
        loaded = compile_document(toml.parse(block, f"the block on line {line}"))
        assert [str(problem) for problem in loaded.problems] == []
        assert len(loaded.entries) == block.count("[[rules]]")


def test_the_worked_example_fits_among_the_shipped_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(ROOT / "rules", tmp_path, dirs_exist_ok=True)
    (tmp_path / "90-tab-emoji.toml").write_text(blocks(PAGE, "toml")[0][1], "utf-8")
    given = ["--config", str(ROOT / "config.toml"), "--set", f"rules.directory={tmp_path}"]
    code, said = program.main([*given, "check"]), capsys.readouterr().out
    assert code == 0, said
    assert re.findall(r"^[0-9]+ rules?, .*$", PAGE, re.MULTILINE) == [said.strip()], "the page's counts are others"


@every(
    "command",
    sorted(
        {found for page in (PAGE, README, SERVICE, DEPLOY, LOGS, CONNECT, COMMANDS, STATS) for found in commands(page)}
    ),
)
def test_every_command_on_the_page_exists(command: str) -> None:
    words = shlex.split(re.split(r" [<>|] ", command.removeprefix("sudo "))[0])
    if words[0] == "make":
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    elif "proxy" in words:
        parser().parse_args(words[words.index("proxy") + 1 :])
    elif words[0] == "sidestep" or (words[1:] and words[1].endswith("/sidestep.py")):
        parser().parse_args(words[1 if words[0] == "sidestep" else 2 :])
    else:
        assert words[-1] == "claude" or words[0] in OTHERS


def test_every_command_of_the_program_is_on_the_page() -> None:
    help_text = parser().format_help()
    known = re.findall(r"^    ([a-z-]+) ", help_text, re.MULTILINE)
    assert {"check", "explain", "rules", "schema"} <= set(known)
    assert {name for name in known if f"`{name}" not in COMMANDS} == set()


def test_the_exit_codes_on_the_page_are_those_of_the_help() -> None:
    told = set(re.findall(r"^\| ([0-9]+) \|", COMMANDS, re.MULTILINE))
    assert told == set(re.findall(r"\b[0-9]+\b", EXIT_CODES)) == {"0", "1", "2", "130", "141"}


def test_every_link_on_the_pages_leads_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    links = [
        (page.name, link, page.parent)
        for page in pages
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
        if "://" not in link
    ]
    assert len(links) > 100
    assert [(page, link) for page, link, folder in links if not (folder / link).exists()] == []


def test_every_link_to_a_heading_finds_it() -> None:
    """As GitHub names headings: in lower case, without marks, blanks as hyphens."""
    anchors = {
        page: {
            re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
        }
        for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
    }
    for page in anchors:
        for link, anchor in re.findall(r"\]\(([^)#:\s]*)#([^)\s]+)\)", page.read_text("utf-8")):
            target = (page.parent / link).resolve() if link else page
            assert anchor in anchors.get(target, {anchor}), f"{page.name}: {link}#{anchor}"


def test_the_index_leads_to_every_page() -> None:
    linked = set(re.findall(r"\]\(([a-z]+\.md)\)", INDEX))
    assert linked == {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"}
