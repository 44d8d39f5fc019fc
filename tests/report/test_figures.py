"""Figures: metrics in, the same drawing out."""

from collections.abc import Callable

import matplotlib
import numpy as np
import pytest

from counterpoint.report import record as records
from counterpoint.report import units
from counterpoint.report.draw.bars import grouped, stacked
from counterpoint.report.draw.colours import VARIABLES
from counterpoint.report.draw.dots import Row, dots
from counterpoint.report.draw.heat import heat
from counterpoint.report.draw.histogram import histogram
from counterpoint.report.draw.lines import Line, lines
from counterpoint.report.sections.rounds import curve_table, loss, own_test
from counterpoint.report.sections.traffic import bytes_by_block, totals
from counterpoint.runs.folder import RunFolder

Make = Callable[..., RunFolder]

DRAWINGS: dict[str, Callable[[], str]] = {
    "lines": lambda: lines("a", "alt", [Line("one", [(1, 0.5), (2, 0.7)], width=[0.1, 0.1])], units.percent),
    "grouped": lambda: grouped("a", "alt", {"x": {"f": 0.5, "g": 0.2}, "y": {"f": 0.1, "g": 1.0}}, units.percent),
    "stacked": lambda: stacked("a", "alt", {"up": {"f": 5e6, "g": 2e3}, "down": {"f": 0, "g": 0}}, units.size),
    "dots": lambda: dots("a", "alt", [Row("x", "acc", {"before": 0.1, "after": 0.3})], units.percent),
    "histogram": lambda: histogram("a", "alt", {"x": [0.1, 0.2, 0.9], "y": [0.3]}, units.percent),
    "equal": lambda: histogram("a", "alt", {"x": [5e6] * 50}, units.size),
    "heat": lambda: heat("a", "alt", [[1, 2], [0, 9]], ["x", "y"], ["c", "d"]),
    "wide heat": lambda: heat("a", "alt", np.ones((300, 200)).tolist(), ["x"] * 300, ["c"] * 200),
}


@pytest.mark.parametrize("drawing", DRAWINGS.values(), ids=DRAWINGS.keys())
def test_equal_values_give_equal_drawings_whatever_the_user_set(drawing: Callable[[], str]) -> None:
    first = drawing()
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path"}):
        assert drawing() == first


@pytest.mark.parametrize("drawing", DRAWINGS.values(), ids=DRAWINGS.keys())
def test_a_drawing_takes_size_colours_and_letters_from_the_page(drawing: Callable[[], str]) -> None:
    svg = drawing()
    assert svg.startswith('<svg viewBox="0 0 360 ')
    assert 'role="img" aria-label="alt"' in svg
    assert "http" not in svg
    assert "font-family" not in svg
    assert "var(--" in svg
    assert not any(colour in svg for colour in VARIABLES)


def test_a_user_s_settings_of_matplotlib_stay_as_they_are() -> None:
    with matplotlib.rc_context({"font.size": 23}):
        DRAWINGS["lines"]()
        assert matplotlib.rcParams["font.size"] == 23


def test_one_round_alone_has_whole_numbers_around_it() -> None:
    svg = lines("a", "alt", [Line("one", [(2, 0.5)])], units.percent)
    assert [text for text in ("1", "2", "3", "1.95") if f">{text}<" in svg] == ["1", "2", "3"]


def test_labels_are_texts_not_formulas() -> None:
    svg = lines("a", "alt", [Line("$x_1$ <b>", [(1, 1)]), Line("b", [(1, 2)])], units.number)
    assert "$x_1$ &lt;b&gt;" in svg


def test_figures_are_functions_of_metrics(make: Make) -> None:
    one, two = (records.read_record(make(name=name)).curves for name in ("a", "b"))
    for figure in (own_test, loss, bytes_by_block):
        assert figure(one) == figure(two) is not None
        assert figure({}) is None


def test_bytes_add_up(make: Make) -> None:
    assert totals(records.read_record(make(rounds=3, clients=5)).curves) == {"up": 3 * 5 * 8590, "down": 3 * 5 * 8590}


def test_a_long_curve_s_table_is_thinned_and_keeps_the_last_round() -> None:
    table = curve_table({"a": [(r, float(r)) for r in range(1, 1001)], "b": [(1000, 0.5)]}, units.number)
    assert len(table.rows) == 40
    assert table.rows[-1] == ["1000", "1,000", "0.5"]
    assert table.rows[0][2] == units.UNKNOWN


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        (units.size, 0, "0 B"),
        (units.size, 999, "999 B"),
        (units.size, 999_999, "1 MB"),
        (units.size, 7_957_600, "7.96 MB"),
        (units.duration, 0.05, "50 ms"),
        (units.duration, 7.8, "7.8 s"),
        (units.duration, 59.97, "1 min"),
        (units.duration, 7512, "2 h 5 min"),
        (units.brief, 0.0, "0 ms"),
        (units.brief, 12.5e-6, "12.5 µs"),
        (units.brief, 0.00041, "0.41 ms"),
        (units.brief, 0.2634, "263 ms"),
        (units.brief, 5.517, "5.52 s"),
        (units.brief, 75.0, "1 min 15 s"),
        (units.percent, 0.56157, "56.2%"),
        (units.points, 0.0728, "7.3 pp"),
        (units.number, 1145.0, "1,145"),
        (units.number, 0.87541, "0.8754"),
        (units.number, float("nan"), "not finite"),
    ],
)
def test_numbers_are_written_for_people(write: Callable[[float], str], value: float, text: str) -> None:
    assert write(value) == text


def test_long_names_lose_their_middle() -> None:
    assert units.short("a" * 30 + "b" * 30, 20) == "a" * 13 + "…" + "b" * 6
    assert units.short("a\nb") == "a?b"
