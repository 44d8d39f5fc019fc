"""Folders of comparisons made by hand, shaped as comparisons write them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from counterpoint.evaluate import Metric
from counterpoint.experiments import Case, Comparison, Store, cases
from counterpoint.randomness import fold_key
from counterpoint.runs import RunFolder
from counterpoint.runs.table import final, write_metrics

from ..conftest import PROFILE, metrics_of, population_of

SHARES = ("accuracy", "macro_f1", "auc")


def metrics_of_case(case: Case, clients: int, lift: float, more: Sequence[Metric] = ()) -> Iterator[Metric]:
    """Those of a run, its scores moved by the case's own luck and by `lift`."""
    luck = fold_key(case.seed, case.variant.label, case.condition.label) % 1000 / 1000
    shift = lift + 0.05 * (luck - 0.5)
    for metric in metrics_of(case.config.rounds, case.config.rounds, clients, case.variant.kind == "personal"):
        if metric.name.measure in SHARES and metric.name.scope != "clients:std":
            yield replace(metric, value=min(max(metric.value + shift, 0.0), 1.0))
        elif not (metric.name.measure.startswith(("bytes", "total_bytes")) and case.variant.method == "centralized"):
            yield metric
    yield from more


def fill(folder: RunFolder, metrics: Sequence[Metric], clients: int, seconds: float) -> None:
    """Write the files of a finished run."""
    folder.write_json(folder.population, population_of(clients, drawn=True))
    write_metrics(folder.metrics, metrics)
    sums = {"up": 0, "down": 0}
    for metric in metrics:
        for direction in sums:
            if metric.name.measure.startswith(f"bytes_{direction}["):
                sums[direction] += int(metric.value)
    summary: dict[str, Any] = {
        "metrics": {str(n): value for n, value in final(metrics).items() if not n.scope.startswith("client:")},
        "profile": {**PROFILE, "phases": {"training": 0.8 * seconds, "evaluation": 0.2 * seconds}},
        "seconds": seconds,
        "bytes_up": sums["up"],
        "bytes_down": sums["down"],
    }
    folder.write_json(folder.result, summary)


def make(
    path: Path,
    methods: Sequence[str] = ("local", "fedavg", "fedprox[mu=0.1]", "centralized"),
    data: Sequence[Any] = ("watch", {"name": "mfeat", "partition": "dirichlet:0.5"}),
    *,
    seeds: int = 3,
    rounds: int = 4,
    clients: int = 6,
    lift: float = 0.03,
    without: Callable[[Case], bool] = lambda case: False,
    failing: Callable[[Case], bool] = lambda case: False,
    more: Callable[[Case], Sequence[Metric]] = lambda case: (),
    **told: Any,
) -> Path:
    """Make the folder of a comparison; each method is better than the one before it by `lift`."""
    file = {"methods": list(methods), "data": list(data), "seeds": seeds, "rounds": rounds, **told}
    comparison = Comparison.of(file)
    store = Store.create(path, comparison)
    place = {variant.label: number for number, variant in enumerate(comparison.variants)}
    for case in cases(comparison):
        if failing(case):
            store.fail(case, "its process was ended by SIGKILL")
        elif not without(case):
            number = place[case.variant.label]
            metrics = list(metrics_of_case(case, clients, lift * number, more(case)))
            fill(RunFolder.create(store.folder(case), case.config), metrics, clients, 10.0 + number + case.seed)
    return store.path


Compared = Callable[..., Path]


@pytest.fixture
def compared(tmp_path: Path) -> Compared:
    """Make the folder of a comparison, see `make`."""
    return lambda *args, **options: make(tmp_path / options.pop("name", "a comparison"), *args, **options)
