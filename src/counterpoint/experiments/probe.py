"""What a comparison would cost, measured by two rounds of each method on each data set."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from counterpoint.experiments.case import Case, key
from counterpoint.experiments.forecast import Forecast
from counterpoint.experiments.go import learn_from
from counterpoint.experiments.pool import Pool
from counterpoint.experiments.store import State, Store
from counterpoint.experiments.worker import Task
from counterpoint.runs import RunFolder

ROUNDS = 2


@dataclass(frozen=True)
class Price:
    """What the runs of one cell that are still to be done would cost.

    Attributes:
        method: label of the row.
        data: label of the column.
        runs: in all.
        finished: of them.
        rounds: still to be done.
        seconds: of one process; None where no round could be done.
        sent: bytes up and down; None likewise.
        why: no round could be done; one sentence.
    """

    method: str
    data: str
    runs: int
    finished: int
    rounds: int
    seconds: float | None
    sent: float | None
    why: str = ""


def prices(cases: Sequence[Case], store: Store, jobs: int) -> list[Price]:
    """What each cell would cost. Nothing is written into the folder, which need not be there.

    Of a cell with a finished run that run is what is known; of others two rounds are done and thrown away.

    Args:
        cases: of a comparison.
        store: where they would be, and where some may be.
        jobs: processes.
    """
    cells: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        cells.setdefault(key(case.variant, case.condition), []).append(case)
    states = {case.name: store.state(case) for case in cases}
    forecast = Forecast()
    sent: dict[tuple[str, str], float] = {}
    failed: dict[tuple[str, str], str] = {}
    done = {cell: next((c for c in group if states[c.name] == "finished"), None) for cell, group in cells.items()}
    for cell, finished in done.items():
        if finished is not None:
            learn_from(forecast, finished, store)
            sent[cell] = _sent(store.folder(finished)) / finished.config.rounds
    with tempfile.TemporaryDirectory(prefix="counterpoint-") as scratch:
        trials = {group[0].name: group[0] for cell, group in cells.items() if done[cell] is None}
        tasks = (_task(case, Path(scratch)) for case in trials.values())
        with Pool(min(jobs, max(1, len(trials)))) as pool:
            for event in pool.run(tasks):
                case = trials[event.task]
                cell = key(case.variant, case.condition)
                if event.kind == "round" and event.round == min(ROUNDS, case.config.rounds):
                    forecast.learn(case, 1, event.seconds)
                elif event.kind == "failed":
                    failed[cell] = event.why
                elif event.kind == "done":
                    sent[cell] = _sent(Path(scratch) / case.name) / min(ROUNDS, case.config.rounds)
    return [
        _price(cell, group, states, forecast, sent.get(cell), failed.get(cell, "")) for cell, group in cells.items()
    ]


def _price(
    cell: tuple[str, str],
    group: Sequence[Case],
    states: Mapping[str, State],
    forecast: Forecast,
    sent: float | None,
    why: str,
) -> Price:
    left = [case for case in group if states[case.name] != "finished"]
    rounds = sum(case.config.rounds for case in left)
    rate = None if why else forecast.a_round(group[0])
    return Price(
        *cell,
        runs=len(group),
        finished=len(group) - len(left),
        rounds=rounds,
        seconds=None if rate is None else rate * rounds,
        sent=None if sent is None else sent * rounds,
        why=why,
    )


def _task(case: Case, scratch: Path) -> Task:
    config = case.config.model_copy(update={"rounds": min(ROUNDS, case.config.rounds)})
    return Task(case.name, config, scratch / case.name)


def _sent(path: Path) -> float:
    folder = RunFolder(path)
    summary = folder.read_json(folder.result)
    return float(summary["bytes_up"]) + float(summary["bytes_down"])
