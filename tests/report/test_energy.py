"""The section on energy: its words and numbers are those of the metrics."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from counterpoint.evaluate import Metric, MetricName
from counterpoint.report import units, write_report
from counterpoint.report.devices import joules, left_of_all, shares, spent, spent_by
from counterpoint.report.parts import Plot, Section
from counterpoint.report.record import read_record
from counterpoint.report.sections.energy import energy
from counterpoint.report.sections.notes import notes
from counterpoint.report.sections.traffic import traffic
from counterpoint.runs.folder import RunFolder

from .peers import battery_of, folder_of, start_of

TITLES = [
    "Accuracy against joules",
    "Accuracy against bytes sent",
    "Battery left",
    "Silent peers",
    "Time of a round",
    "Joules by peer",
]


def of(folder: RunFolder) -> Section:
    return energy(read_record(folder))


def plot(section: Section, title: str) -> Plot:
    return next(plot for plot in section.plots if plot.title == title)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 J"),
        (0.0125, "12.5 mJ"),
        (3e-7, "0.3 µJ"),
        (1, "1 J"),
        (999.9, "1 kJ"),
        (12_500, "12.5 kJ"),
        (3.2e6, "3.2 MJ"),
        (float("nan"), "not finite"),
    ],
)
def test_joules_as_people_read_them(value: float, text: str) -> None:
    assert units.joules(value) == text


def test_joules_add_up_over_rounds_and_over_peers(tmp_path: Path) -> None:
    curves = read_record(folder_of(tmp_path / "run", rounds=6, peers=5)).curves
    each = [battery_of(peer, n, 6) for peer in range(5) for n in range(1, 7)]
    assert joules(curves)["compute"] == pytest.approx(sum(compute for _, compute, _, _ in each))
    assert joules(curves)["send"] == pytest.approx(sum(send for _, _, send, _ in each))
    assert spent(curves)[-1] == (6, pytest.approx(sum(joules(curves).values())))
    by_peer, whole = spent_by(curves)
    assert whole
    assert sum(by_peer[3].values()) == pytest.approx(start_of(3, 6) - battery_of(3, 6, 6)[0])


def test_a_battery_is_a_share_of_what_it_held_at_the_start(tmp_path: Path) -> None:
    curves = read_record(folder_of(tmp_path / "run", rounds=6, peers=5)).curves
    assert shares(curves)[2][-1] == (6, pytest.approx(battery_of(2, 6, 6)[0] / start_of(2, 6)))
    left, held = (sum(of) for of in zip(*((battery_of(p, 6, 6)[0], start_of(p, 6)) for p in range(5)), strict=True))
    assert left_of_all(curves, 5) == pytest.approx(left / held)


def test_all_plots_are_there_and_the_facts_are_right(tmp_path: Path) -> None:
    section = of(folder_of(tmp_path / "run", rounds=40, peers=5))
    assert [plot.title for plot in section.plots] == TITLES
    facts = dict(section.facts)
    compute, send = (sum(battery_of(p, n, 40)[part] for p in range(5) for n in range(1, 41)) for part in (1, 2))
    assert facts["spent"] == (
        f"{units.joules(compute + send)}: {units.joules(compute)} to compute, {units.joules(send)} to send"
    )
    quiet = [sum(battery_of(p, n, 40)[3] for p in range(5)) for n in range(1, 41)]
    assert max(quiet) > 1
    assert facts["silent"] == f"up to {max(quiet)} peers, in {sum(n > 0 for n in quiet)} of 40 rounds"
    assert "of what all held at the start is left" in facts["batteries"]
    assert plot(section, "Silent peers").table.rows[-1] == ["40", str(quiet[-1])]


def test_bytes_are_those_that_peers_send(tmp_path: Path) -> None:
    section = of(folder_of(tmp_path / "run", rounds=6, peers=5))
    assert plot(section, "Accuracy against bytes sent").caption.startswith("15 kB in all. Accuracy on own tests.")
    rows = plot(section, "Accuracy against joules").table.rows
    assert [row[0] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert list(plot(section, "Accuracy against joules").table.head) == ["round", "joules", "mean", "worst peer"]


def test_of_many_peers_thirty_have_a_bar(tmp_path: Path) -> None:
    section = of(folder_of(tmp_path / "run", rounds=2, peers=40))
    found = plot(section, "Joules by peer")
    assert found.caption == "All rounds; the 30 of 40 that spent most."
    assert len(re.findall(r">client \d+<", found.svg)) == 30
    assert len(found.table.rows) == 40


def test_of_more_than_fifty_peers_batteries_are_joules_and_bars_of_the_last_round(tmp_path: Path) -> None:
    section = of(folder_of(tmp_path / "run", rounds=3, peers=60))
    assert plot(section, "Joules by peer").caption == "The last round; the 30 of 60 that spent most."
    found = plot(section, "Battery left")
    assert found.caption == "Joules of a peer."
    assert all(str(cell).endswith("J") for row in found.table.rows for cell in row[1:])


def test_on_mains_there_is_no_battery(tmp_path: Path) -> None:
    section = of(folder_of(tmp_path / "run", battery=False))
    assert [plot.title for plot in section.plots] == [t for t in TITLES if t not in ("Battery left", "Silent peers")]
    assert set(dict(section.facts)) == {"spent"}


def test_they_are_no_notes_of_the_method_and_the_bytes_have_no_server(tmp_path: Path) -> None:
    record = read_record(folder_of(tmp_path / "run"))
    assert not notes(record)
    assert "Up is what a peer sends, down what it hears." in traffic(record).lead
    page = write_report(folder_of(tmp_path / "b")).read_text(encoding="utf-8")
    assert page.count('<section id="energy">') == 1
    assert "computing and sending, all clients" in page, "a main number"


def test_clients_of_a_server_may_have_batteries_too(make: Callable[..., RunFolder]) -> None:
    more = [
        Metric(n, MetricName(measure, scope="clients:sum"), value)
        for n in range(1, 5)
        for measure, value in {"joules_compute": 2.0, "joules_send": 1.0, "battery": 12.0 - 3 * n}.items()
    ]
    section = of(make(more=more))
    assert dict(section.facts)["spent"] == "12 J: 8 J to compute, 4 J to send"
    assert dict(section.facts)["batteries"] == "0.0% of what all held at the start is left"
    assert list(section.plots[0].table.head) == ["round", "joules", "mean", "worst client"]


def test_who_was_there_is_told_without_joules_too(make: Callable[..., RunFolder]) -> None:
    more = [
        Metric(n, MetricName(measure, scope=scope), value)
        for n in range(1, 5)
        for measure, scope, value in (
            ("available", "clients:sum", 5.0),
            ("late", "clients:sum", float(n % 2)),
            ("round_seconds", "clients:worst", 2.5),
        )
    ]
    folder = make(more=more)
    section = of(folder)
    assert (section.title, section.facts) == ("Devices", [])
    assert section.lead == "Which clients' devices were there, as they are simulated."
    assert [found.title for found in section.plots] == ["Who was there", "Time of a round"]
    assert list(section.plots[0].table.rows[0]) == ["1", "5", "1"]
    assert not notes(read_record(folder))


def test_nobody_silent_needs_no_plot(make: Callable[..., RunFolder]) -> None:
    more = [Metric(n, MetricName("silent", scope="clients:sum"), 0.0) for n in range(1, 5)]
    more += [Metric(n, MetricName("joules_send", scope="clients:sum"), 0.5) for n in range(1, 5)]
    section = of(make(more=more))
    assert dict(section.facts)["silent"] == "nobody, in any round"
    assert "Silent clients" not in [found.title for found in section.plots]


def test_other_runs_have_no_such_section(make: Callable[..., RunFolder]) -> None:
    assert not of(make())
    page = write_report(make(name="b")).read_text(encoding="utf-8")
    assert 'id="energy"' not in page and "stepper" not in page and "joules" not in page
