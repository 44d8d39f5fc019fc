"""Joules in comparisons: a cost of whole runs, and what scores are held against."""

import json
import re
from pathlib import Path

import pytest

from counterpoint.evaluate import Metric, MetricName
from counterpoint.experiments import Case, load
from counterpoint.experiments.numbers import numbers
from counterpoint.report import write_comparison
from counterpoint.runs import RunFolder
from counterpoint.runs.energy import energy
from counterpoint.runs.table import read_metrics

from .conftest import Compared
from .test_page import rows, words


def counted(case: Case) -> list[Metric]:
    """Joules of every method but `local`: 5 a round, of which sending takes 2, and 0.5 more by seed."""
    if case.variant.method == "local":
        return []
    return [
        Metric(n, MetricName(measure, scope=scope), value)
        for n in range(1, 5)
        for measure, value in (("joules_compute", 3.0 + 0.5 * case.seed), ("joules_send", 2.0))
        for scope in ("clients:sum", "clients:mean")
    ]


def with_energy(compared: Compared) -> Path:
    """A comparison whose summaries say what runs spent, as runs write them."""
    folder = compared(data=["watch"], seeds=2, more=counted)
    for path in (folder / "runs").iterdir():
        run = RunFolder(path)
        run.write_json(run.result, {**run.read_json(run.result), **energy(read_metrics(run.metrics), 6)})
    return folder


def test_a_run_costs_the_joules_of_all_its_rounds(compared: Compared) -> None:
    folder = with_energy(compared)
    cells = {cell["method"]: cell["costs"] for cell in numbers(load(folder))["cells"]}
    assert cells["fedavg"]["joules"]["values"] == {"0": 20.0, "1": 22.0}
    assert not [name for name in cells["fedavg"] if name.startswith("joules_")], "not those of the last round"
    assert "joules" not in cells["local"]


def test_a_column_for_those_that_count_them(compared: Compared) -> None:
    head, *found = rows(write_comparison(with_energy(compared)), "costs", "Costs of a run")
    assert head == ["data", "method", "runs", "time", "bytes up", "bytes down", "energy"]
    assert [row[-1] for row in found] == ["–", "21 J", "21 J", "21 J"]


def test_a_cell_needs_them_of_all_its_runs(compared: Compared) -> None:
    folder = with_energy(compared)
    path = next(p for p in (folder / "runs").iterdir() if p.name.startswith("fedavg"))
    told = json.loads((path / "result.json").read_text())
    del told["energy"]
    (path / "result.json").write_text(json.dumps(told))
    cells = {cell["method"]: cell["costs"] for cell in numbers(load(folder))["cells"]}
    assert "joules" not in cells["fedavg"] and "joules" in cells["centralized"]


def test_scores_against_joules(compared: Compared) -> None:
    page = write_comparison(with_energy(compared))
    titles = re.findall(r"<h3>watch: (\w+)</h3>", page.read_text().partition('<section id="worth">')[2])
    assert titles[:3] == ["bytes", "time", "joules"]
    told = words(page, "worth")
    assert "Joules are what computing and sending took on all devices" in told
    (alt,) = re.findall(r'aria-label="(watch: accuracy against joules[^"]*)"', page.read_text())
    assert "fedavg: " in alt and "after 21 J" in alt and "local" not in alt


@pytest.mark.parametrize("what", ["joules", "energy"])
def test_other_comparisons_say_nothing_of_it(compared: Compared, what: str) -> None:
    page = write_comparison(compared(data=["watch"], seeds=2, name="plain"))
    assert what not in words(page, "worth") and what not in words(page, "costs")
