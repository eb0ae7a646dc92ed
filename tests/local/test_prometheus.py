"""The scrape configuration of docs/metrics.md, docs/alerts.yml and docs/grafana.json: Prometheus takes them.

Every metric, label and value of a label in them is one that `/-/metrics` has.
"""

import asyncio
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from tests.cases import every
from tests.process import running
from tests.scraping import scrape
from tests.waiting import PATIENCE

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "metrics.md").read_text("utf-8")
ALERTS = (DOCS / "alerts.yml").read_text("utf-8")
BOARD: dict[str, Any] = orjson.loads((DOCS / "grafana.json").read_bytes())
PROMTOOL, PROMETHEUS = shutil.which("promtool"), shutil.which("prometheus")
TOKEN = "a-token-of-many-characters"

_NAME = re.compile(r"\b((?:sidestep|process)_[a-z_]+?)(_bucket|_sum|_count)?(?:\{([^}]*)\}|(?=[\s)>[]|$))")
_FOR_GRAFANA = {"$__range": "1h", "$__rate_interval": "5m", "$__interval": "1m", "$instance": ".*"}

with_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed: Prometheus is not asked")


def _expressions() -> Iterator[tuple[str, str]]:
    """What asks for it, and the expression, as Prometheus sees it."""
    for name, block, line in re.findall(r"alert: (\w+)\n +expr: (?:\|\n((?: {10}.*\n)+)|(.*))", ALERTS):
        yield name, " ".join((block or line).split())
    for panel in BOARD["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for block in re.findall(r"```promql\n(.*?)```", PAGE, re.DOTALL):
        yield from (("docs/metrics.md", line) for line in block.splitlines())


def _for_prometheus(expression: str) -> str:
    for variable, value in sorted(_FOR_GRAFANA.items(), key=lambda pair: -len(pair[0])):
        expression = expression.replace(variable, value)
    return expression


EXPRESSIONS = [(name, _for_prometheus(expression)) for name, expression in _expressions()]


def _documented() -> dict[str, set[str]]:
    """The labels of each metric by the table of docs/metrics.md, which is held against the code elsewhere."""
    rows = re.findall(r"^\| `(sidestep_\w+)` \| \w+ \|([^|]*)\|", PAGE, re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}


def _block(start: str) -> str:
    """The block of YAML that begins so."""
    (found,) = [block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if block.startswith(start)]
    return str(found)


def _asked(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_alert_and_panel_is_looked_at() -> None:
    names = {name for name, _ in EXPRESSIONS}
    assert names >= set(re.findall(r"alert: (\w+)", ALERTS)) | {panel["title"] for panel in BOARD["panels"]}


async def test_every_metric_that_is_asked_for_is_told() -> None:
    async with running("http://127.0.0.1:9") as (_, port):
        found = await scrape(port)
    told = {family.name for family in found.families} | {
        f"{family.name}_total" for family in found.families if family.type == "counter"
    }
    asked = {name for _, expression in EXPRESSIONS for name, _, _ in _NAME.findall(expression)}
    assert len(asked) > 15
    assert asked - told == set()


@every(("name", "expression"), EXPRESSIONS)
def test_labels_and_their_values_are_those_of_the_page(name: str, expression: str) -> None:
    known, values = _documented(), set(re.findall(r"`([^`\n]+)`", PAGE))
    common = {"instance", "job", "le"}
    labels = {label for metric, _, _ in _NAME.findall(expression) for label in known.get(metric, ())} | common
    for _, _, given in _NAME.findall(expression):
        for label, value in re.findall(r'(\w+)!?=~?"([^"]*)"', given):
            assert label in labels, name
            assert label in common or set(value.split("|")) <= values, name
    for grouped in re.findall(r"by \(([^)]*)\)", expression):
        assert set(grouped.split(", ")) <= labels, name


@with_promtool
def test_promtool_takes_every_expression(tmp_path: Path) -> None:
    rules = [{"record": f"tried:{number}", "expr": text} for number, (_, text) in enumerate(EXPRESSIONS)]
    file = tmp_path / "rules.yml"
    file.write_bytes(orjson.dumps({"groups": [{"name": "tried", "rules": rules}]}))
    assert f"{len(rules)} rules found" in _asked(PROMTOOL or "", "check", "rules", file)


@with_promtool
def test_promtool_takes_the_alerts_and_they_fire_when_they_should_and_else_not() -> None:
    assert "SUCCESS" in _asked(PROMTOOL or "", "check", "rules", DOCS / "alerts.yml")
    assert "SUCCESS" in _asked(PROMTOOL or "", "test", "rules", Path(__file__).with_name("alerts.yml"))


def _configuration(folder: Path, port: int = 8787) -> Path:
    """The page's block with its files, for a Sidestep on that port."""
    (folder / "sidestep.token").write_text(f"{TOKEN}\n")
    shutil.copy(DOCS / "alerts.yml", folder)
    text = _block("rule_files:").replace("/etc/prometheus", str(folder)).replace("127.0.0.1:8787", f"127.0.0.1:{port}")
    file = folder / "prometheus.yml"
    file.write_text(f"global:\n  scrape_interval: 1s\n{text}")
    return file


@with_promtool
def test_promtool_takes_the_documented_configuration(tmp_path: Path) -> None:
    assert "SUCCESS" in _asked(PROMTOOL or "", "check", "config", _configuration(tmp_path))


@pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed: nothing is scraped by it")
async def test_prometheus_scrapes_with_the_documented_configuration(tmp_path: Path) -> None:
    async with running("http://127.0.0.1:9", f"listen.token={TOKEN}") as (_, port):
        options = [f"--config.file={_configuration(tmp_path, port)}", f"--storage.tsdb.path={tmp_path / 'data'}"]
        async with _prometheus(*options, "--web.listen-address=127.0.0.1:0") as url, asyncio.timeout(PATIENCE):
            found: list[Any] = []
            while not found:
                await asyncio.sleep(0.1)
                found = await _query(f"{url}/api/v1/query?query=sidestep_build_info")
    assert found[0]["metric"]["job"] == "sidestep"


@asynccontextmanager
async def _prometheus(*options: str) -> AsyncIterator[str]:
    """A running one; its URL."""
    process = await asyncio.create_subprocess_exec(PROMETHEUS or "", *options, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE):
            while not (address := re.search(rb"Listening on.*address=(127\S+)", await process.stderr.readline())):
                pass
        reading = asyncio.create_task(process.stderr.read())
        yield f"http://{address[1].decode()}"
    finally:
        process.terminate()
        await process.wait()
    await reading


async def _query(url: str) -> list[Any]:
    """What it knows; nothing while it says 503, until it has begun."""
    async with aiohttp.ClientSession() as session, session.get(url) as reply:
        return (await reply.json())["data"]["result"] if reply.status == 200 else []


def test_the_dashboards_panels_fit_together() -> None:
    """No two overlap or share an id, none is wider than the grid, and each says what it counts, from which source."""
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        across, down = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        cells = {(x, y) for x in across for y in down}
        assert not cells & taken
        assert max(across) < 24
        taken |= cells
        assert panel["description"]
        assert panel["type"] == "table" or panel["fieldConfig"]["defaults"]["unit"]
        sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        assert all(source == {"type": "prometheus", "uid": "${source}"} for source in sources)
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
