"""The picture: it is well-formed, has everything, and no bar stands on the wrong side of its limit."""

from xml.etree import ElementTree

from bench.plot import length, svg
from bench.results import Result
from tests.cases import every

RESULTS = [
    Result("relay", "48 KiB, added median", "ms", 0.3, 0.05, 0.1, bound=0.4, factor=8),
    Result("throughput", "32 connections", "a second", 1000.0, 20000.0, 9000.0, factor=0.2, at_least=True),
    Result("1000-streams", "failed", "streams", 0, bound=0),
    Result("soak", "a < b & c", "%", 900.0, bound=5),
]
SPACE = "{http://www.w3.org/2000/svg}"


def drawn() -> ElementTree.Element:
    return ElementTree.fromstring(svg(RESULTS, "one <machine>"))


def test_every_result_has_its_bars_its_limit_and_its_figures() -> None:
    picture = drawn()
    texts = [text.text for text in picture.iter(f"{SPACE}text")]
    assert {"relay", "0.300 ms", "≤ 0.400 ms", "1,000 a second", "≥ 1,800 a second", "a < b & c"} <= set(texts)
    assert "one <machine>" in texts
    assert len([*picture.iter(f"{SPACE}line")]) == len(RESULTS) + 1  # and the legend's


def test_a_missed_row_looks_different() -> None:
    styles = [bar.get("class") for bar in drawn().iter(f"{SPACE}rect")]
    legend = 1
    assert styles.count("ours") - legend == 2
    assert styles.count("missed") - legend == 2
    assert styles.count("nginx") - legend == 2


def test_it_has_colours_of_its_own_for_dark_ground() -> None:
    assert "@media (prefers-color-scheme: dark)" in svg(RESULTS, "")


def test_nothing_is_drawn_outside_of_the_picture() -> None:
    picture = drawn()
    width, height = float(picture.get("width", 0)), float(picture.get("height", 0))
    for bar in picture.iter(f"{SPACE}rect"):
        assert float(bar.get("x", 0)) + float(bar.get("width", 0)) <= width
        assert float(bar.get("y", 0)) + float(bar.get("height", 0)) <= height


@every(
    ("value", "limit", "expected"),
    [
        (0.2, 0.4, (100, False)),
        (0.4, 0.4, (200, False)),
        (40.0, 0.4, (330, True)),
        (-1.0, 0.4, (0, False)),
        (0, 0, (0, False)),
        (1, 0, (330, True)),
    ],
)
def test_a_bar_is_as_long_as_its_share_of_the_limit(value: float, limit: float, expected: tuple[int, bool]) -> None:
    assert length(value, limit) == expected
