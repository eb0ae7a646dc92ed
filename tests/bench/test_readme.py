"""The README's figures are those of the last run."""

import json
import re
from pathlib import Path

from bench.results import shown

ROOT = Path(__file__).parents[2]


def test_every_figure_of_the_readme_comes_from_the_results() -> None:
    section = (ROOT / "README.md").read_text("utf-8").partition("## Speed")[2].partition("\n## ")[0]
    results = json.loads((ROOT / "bench/results.json").read_text("utf-8"))["results"]
    measured = {shown(row[way]) for row in results for way in ("ours", "nginx") if row.get(way) is not None}
    figures = re.findall(r"(\d[\d.,]*) (?:ms|s|MiB|such requests)\b", section)
    assert len(figures) > 8
    assert set(figures) <= measured
