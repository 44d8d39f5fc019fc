"""The section on the balance of training."""

from collections.abc import Callable
from pathlib import Path

from counterpoint.evaluate import Metric, MetricName
from counterpoint.report import units
from counterpoint.report.parts import Plot, Section
from counterpoint.report.record import read_record
from counterpoint.report.sections.notes import notes
from counterpoint.report.sections.training_balance import training_balance
from counterpoint.runs.folder import RunFolder

from .peers import folder_of

TITLES = ["Local steps", "Speed", "Imbalance of speeds", "Consensus distance", "Distance of common features"]


def plots(section: Section) -> dict[str, Plot]:
    return {plot.title: plot for plot in section.plots}


def test_every_plot_is_there(tmp_path: Path) -> None:
    section = training_balance(read_record(folder_of(tmp_path / "run", rounds=6, peers=5)))
    assert list(plots(section)) == TITLES
    found = plots(section)
    assert list(found["Local steps"].table.head) == ["round", "acc", "gyro"]
    steps = sum(20 - (peer + 6) % 8 for peer in range(5)) / 5
    assert list(found["Local steps"].table.rows[-1]) == ["6", units.number(steps), "20"]
    assert list(found["Imbalance of speeds"].table.head) == ["round", "mean", "worst peer"]
    assert "on test rows" in found["Distance of common features"].caption


def test_the_band_needs_every_peer_in_every_round(tmp_path: Path) -> None:
    few = training_balance(read_record(folder_of(tmp_path / "few", rounds=3, peers=5)))
    many = training_balance(read_record(folder_of(tmp_path / "many", rounds=3, peers=60)))
    assert "The band reaches from the fewest to the most." in plots(few)["Local steps"].caption
    assert plots(many)["Local steps"].caption == "Mean over peers."


def test_what_spans_decades_has_a_logarithmic_axis(tmp_path: Path) -> None:
    short = training_balance(read_record(folder_of(tmp_path / "short", rounds=3)))
    long = training_balance(read_record(folder_of(tmp_path / "long", rounds=30)))
    told = "The axis is logarithmic."
    assert told not in plots(short)["Consensus distance"].caption
    assert told in plots(long)["Consensus distance"].caption
    assert ">0.001<" in plots(long)["Consensus distance"].svg
    assert told in plots(long)["Imbalance of speeds"].caption
    assert told not in plots(long)["Local steps"].caption


def test_a_round_in_which_nobody_measured_breaks_nothing(make: Callable[..., RunFolder]) -> None:
    nan = float("nan")
    more = [
        Metric(n, MetricName("speed[acc]", scope="clients:mean"), value)
        for n, value in enumerate([0.5, nan, 0.25, nan], start=1)
    ]
    found = plots(training_balance(read_record(make(more=more))))
    assert [row[1] for row in found["Speed"].table.rows] == ["0.5", "not finite", "0.25", "not finite"]


def test_means_are_made_of_peers_where_only_they_are_recorded(make: Callable[..., RunFolder]) -> None:
    more = [Metric(2, MetricName("steps[acc]", scope=f"client:{c}"), float(4 * c)) for c in range(3)]
    found = plots(training_balance(read_record(make(more=more))))
    assert [list(row) for row in found["Local steps"].table.rows] == [["2", "4"]]


def test_other_runs_have_no_such_section(make: Callable[..., RunFolder]) -> None:
    section = training_balance(read_record(make()))
    assert not section and section.lead == ""


def test_a_server_s_own_number_of_that_name_stays_a_note(make: Callable[..., RunFolder]) -> None:
    record = read_record(make(more=[Metric(2, MetricName("imbalance", scope="server"), 0.5)]))
    assert not training_balance(record)
    assert [plot.title for plot in notes(record).plots] == ["imbalance"]
