"""Figures: metrics in, the same drawing out."""

import itertools
from collections.abc import Callable

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.report import record as records
from counterpoint.report import units
from counterpoint.report.draw.apart import apart
from counterpoint.report.draw.bars import grouped, stacked
from counterpoint.report.draw.colours import VARIABLES, colour, look
from counterpoint.report.draw.crowd import Crowd, crowd
from counterpoint.report.draw.dots import Row, dots
from counterpoint.report.draw.forest import Gap, forest
from counterpoint.report.draw.heat import heat
from counterpoint.report.draw.histogram import histogram
from counterpoint.report.draw.lines import Line, lines
from counterpoint.report.draw.named import Along, named_lines
from counterpoint.report.draw.ranking import ranking
from counterpoint.report.draw.steps import steps
from counterpoint.report.draw.whiskers import Bar, spots, whiskers
from counterpoint.report.sections.rounds import curve_table, loss, own_test
from counterpoint.report.sections.traffic import bytes_by_block, totals
from counterpoint.runs.folder import RunFolder

Make = Callable[..., RunFolder]

LOOKS = {name: look(number, name) for number, name in enumerate("fgh")}
BARS = {"all": {"f": Bar(0.5, 0.1), "g": Bar(0.7, None)}, "one": {"f": Bar(0.3, 0.0), "g": Bar(0.2, 0.2)}}
COSTLY = [Line("much", [(1e6, 0.5), (2e6, 0.9)]), Line("little", [(1e3, 0.4), (2e3, 0.6)]), Line("no", [(0, 0.8)])]

DRAWINGS: dict[str, Callable[[], str]] = {
    "lines": lambda: lines("a", "alt", [Line("one", [(1, 0.5), (2, 0.7)], width=[0.1, 0.1])], units.percent),
    "grouped": lambda: grouped("a", "alt", {"x": {"f": 0.5, "g": 0.2}, "y": {"f": 0.1, "g": 1.0}}, units.percent),
    "stacked": lambda: stacked("a", "alt", {"up": {"f": 5e6, "g": 2e3}, "down": {"f": 0, "g": 0}}, units.size),
    "dots": lambda: dots("a", "alt", [Row("x", "acc", {"before": 0.1, "after": 0.3})], units.percent),
    "steps": lambda: steps(
        "a", "alt", ("start", 0.2), {"x": 0.5, "y": -0.1}, "end", units.percent, units.points, [colour(1), colour(0)]
    ),
    "no steps": lambda: steps("a", "alt", ("start", 0.0), {"x": 0.0}, "end", units.percent, units.points, [colour(0)]),
    "histogram": lambda: histogram("a", "alt", {"x": [0.1, 0.2, 0.9], "y": [0.3]}, units.percent),
    "equal": lambda: histogram("a", "alt", {"x": [5e6] * 50}, units.size),
    "heat": lambda: heat("a", "alt", [[1, 2], [0, 9]], ["x", "y"], ["c", "d"]),
    "named": lambda: named_lines("a", "alt", [Line("one", [(1, 0.5), (2, 0.7)], width=[0.1, 0.1])], units.percent),
    "named bytes": lambda: named_lines("a", "alt", COSTLY, units.percent, along=Along("bytes", units.size)),
    "forest": lambda: forest(
        "a",
        "alt",
        [Gap(0.1, 0.05, 0.15, True, "p 0.010", LOOKS["f"]), Gap(-0.2, None, None, False, "one seed", LOOKS["g"])],
        units.points,
        ("worse", "better"),
    ),
    "ranking": lambda: ranking("a", "alt", {"f": 1.0, "g": 2.5, "h": 2.5}, 1.9, [("f", "g"), ("g", "h")], LOOKS),
    "crowd": lambda: crowd("a", "alt", [Crowd([0.1, 0.5, 0.9], 0.1, LOOKS["f"])], units.percent),
    "large crowd": lambda: crowd("a", "alt", [Crowd([n / 500 for n in range(500)], 0, LOOKS["f"])], units.percent),
    "whiskers": lambda: whiskers("a", "alt", BARS, LOOKS, units.percent, 1),
    "spots": lambda: spots("a", "alt", BARS, LOOKS, units.percent, 1),
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


def test_names_stand_at_the_ends_of_lines() -> None:
    svg = DRAWINGS["named bytes"]()
    assert [name for name in ("much", "little", "no") if f">{name}<" in svg] == ["much", "little", "no"]
    assert [tick for tick in ("1 kB", "10 kB", "1 MB") if f">{tick}<" in svg] == ["1 kB", "10 kB", "1 MB"], (
        "logarithmic"
    )
    even = named_lines("a", "alt", COSTLY[:1], units.percent, along=Along("bytes", units.size))
    assert ">0 B<" in even and ">1 MB<" in even, "from nothing, where ends lie near each other"


def test_a_line_that_ends_in_nothing_is_named_all_the_same() -> None:
    svg = named_lines("a", "alt", [Line("wild", [(1, 1.0), (2, float("nan"))]), Line("b", [(2, 1.0)])], units.number)
    assert "not finite: wild" in svg and ">b<" in svg


def test_a_large_crowd_is_drawn_by_its_quantiles_alone() -> None:
    assert len(DRAWINGS["large crowd"]()) < len(DRAWINGS["crowd"]()) + 400


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ([5.0, 1.0], [5.0, 1.0]),
        ([2.0, 2.0], [1.5, 2.5]),
        ([2.0, 2.0, 2.0, 9.0], [1.0, 2.0, 3.0, 9.0]),
        ([0.0, 0.0], [0.0, 1.0]),
        ([10.0, 9.9], [10.0, 9.0]),
        ([7.0], [7.0]),
        ([], []),
    ],
)
def test_labels_are_moved_apart_as_little_as_can_be(wanted: list[float], found: list[float]) -> None:
    assert apart(wanted, 1, 0, 10) == pytest.approx(found)


@given(st.lists(st.floats(-3, 13), max_size=12))
def test_labels_keep_their_order_their_distance_and_the_room(wanted: list[float]) -> None:
    places = apart(wanted, 0.8, 0, 10)
    ordered = sorted(range(len(wanted)), key=lambda n: wanted[n])
    assert all(places[b] - places[a] >= 0.8 - 1e-9 for a, b in itertools.pairwise(ordered))
    assert all(-1e-9 <= place <= 10 + 1e-9 for place in places)


def test_no_two_of_many_series_look_alike() -> None:
    looks = [look(number) for number in range(28)]
    assert len({(one.colour, one.dash) for one in looks}) == 28
    assert len({(one.colour, one.marker) for one in looks}) == 28


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
