"""Doing a comparison: what is finished is found, what was cut off goes on, what fails is named."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from counterpoint.experiments.case import Case
from counterpoint.experiments.comparison import Comparison
from counterpoint.experiments.forecast import Forecast
from counterpoint.experiments.outcome import Results
from counterpoint.experiments.pool import Pool
from counterpoint.experiments.store import State, Store
from counterpoint.experiments.worker import Event, Task
from counterpoint.runs import Stopped
from counterpoint.runs.stop import StopRequest


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Attributes:
        states: how far each case is, by name.
        cases: by name.
    """

    states: Mapping[str, State]
    cases: Mapping[str, Case]

    @classmethod
    def of(cls, store: Store, cases: Sequence[Case]) -> "Plan":
        """The plan for these cases in a folder."""
        return cls({case.name: store.state(case) for case in cases}, {case.name: case for case in cases})

    def in_state(self, *states: State) -> list[Case]:
        """Cases that are so far, those that were interrupted first."""
        found = [name for name, state in self.states.items() if state in states]
        return [self.cases[name] for name in sorted(found, key=lambda name: self.states[name] != "interrupted")]


class Observer:
    """Looks on at a comparison; this one is silent."""

    def begins(self, plan: Plan, jobs: int) -> None:
        """It begins."""

    def progress(self, event: Event, case: Case, seconds_left: float | None) -> None:
        """Something happened to a case; so long will all of them take, as far as is known."""

    def stopping(self) -> None:
        """It was asked to stop, and will once every run has ended its round."""

    def ends(self) -> None:
        """It has ended, whether finished, stopped or failed."""


def compare(
    comparison: Comparison, cases: Sequence[Case], store: Store, *, jobs: int, observer: Observer | None = None
) -> Results:
    """Do all cases that are not finished, and read what there is.

    Args:
        comparison: what is compared.
        cases: its runs.
        store: the folder.
        jobs: processes.
        observer: who looks on.

    Raises:
        Stopped: Ctrl-C or SIGTERM; every run was saved.
    """
    watching = observer or Observer()
    with store.alone():
        plan = Plan.of(store, cases)
        watching.begins(plan, jobs)
        try:
            stopped = _work(plan, store, jobs, watching)
        finally:
            watching.ends()
        if stopped:
            raise Stopped(f"stopped; what is done is kept in {store.path}: give the same command again to go on")
        return store.read(comparison, cases)


def _work(plan: Plan, store: Store, jobs: int, observer: Observer) -> bool:
    """Whether it was stopped before the end."""
    waiting = plan.in_state("interrupted", "new")
    left = {case.name: case.config.rounds for case in waiting}
    forecast, stopped = Forecast(), False
    for case in plan.in_state("finished"):
        learn_from(forecast, case, store)
    with StopRequest(observer.stopping) as stop, Pool(min(jobs, max(1, len(waiting)))) as pool:
        for event in pool.run(_tasks(waiting, store, stop)):
            case = plan.cases[event.task]
            if stop.asked and event.kind == "round":
                pool.cancel(event.task)  # it did not hear it itself: SIGTERM goes to one process, not to all
            if event.kind == "round":
                left[event.task] = case.config.rounds - event.round
                if event.seconds:
                    forecast.learn(case, 1, event.seconds)
            else:
                left.pop(event.task)
            if event.kind == "failed":
                store.fail(case, event.why)
            stopped = stopped or event.kind in ("stopped", "cancelled")
            observer.progress(event, case, forecast.left(((plan.cases[n], r) for n, r in left.items()), jobs))
    return stopped


def _tasks(cases: Sequence[Case], store: Store, stop: StopRequest) -> Iterator[Task]:
    for case in cases:
        if stop.asked:
            return
        store.forget(case)
        yield Task(case.name, case.config, store.folder(case))


def learn_from(forecast: Forecast, case: Case, store: Store) -> None:
    """What a finished run took."""
    from counterpoint.runs import RunFolder

    folder = RunFolder(store.folder(case))
    forecast.learn(case, case.config.rounds, float(folder.read_json(folder.result)["seconds"]))
