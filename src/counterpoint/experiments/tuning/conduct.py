"""Doing searches for settings, several at a time: trials are handed to processes, and what becomes of them is heard."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from counterpoint.experiments.case import Case
from counterpoint.experiments.forecast import Forecast
from counterpoint.experiments.pool import Pool
from counterpoint.experiments.tuning.attempt import Attempt
from counterpoint.experiments.tuning.found import Found
from counterpoint.experiments.tuning.study import Study
from counterpoint.experiments.worker import Event, Task
from counterpoint.runs import Stopped
from counterpoint.runs.stop import StopRequest


class Observer:
    """Looks on at searches; this one is silent."""

    def begins(self, studies: Sequence[Study], jobs: int) -> None:
        """They begin, or go on."""

    def progress(self, study: Study, attempt: Attempt, event: Event, seconds_left: float | None) -> None:
        """Something happened to a trial; so long will all searches take, as far as is known."""

    def settled(self, study: Study, attempts: Sequence[Attempt]) -> None:
        """It is known what became of these trials, a batch."""

    def stopping(self) -> None:
        """They were asked to stop and will: Ctrl-C reaches every run, which ends with its round. Again: at once."""

    def ends(self) -> None:
        """All have ended, whether finished, stopped or failed."""


class Conductor:
    """Hands out the trials of some searches and hears of them. It is the iterator of tasks that a pool takes.

    Args:
        studies: the searches, each inside its `alone`.
        jobs: processes.
        observer: who looks on.
    """

    def __init__(self, studies: Sequence[Study], jobs: int, observer: Observer) -> None:
        self._studies, self._jobs, self._observer = studies, jobs, observer
        self._waiting: deque[tuple[Study, Attempt]] = deque()
        self._going: dict[str, tuple[Study, Attempt]] = {}
        self._forecast = Forecast()
        self._stopped = False

    def __iter__(self) -> Iterator[Task]:
        return self

    def __next__(self) -> Task:
        """A trial that waits. There may be none now and others later, once all of a batch are over."""
        while self._waiting and not self._stopped:
            study, attempt = self._waiting.popleft()
            if not study.why:
                task = study.task(attempt)
                self._going[task.name] = (study, attempt)
                return task
        raise StopIteration

    def go(self) -> bool:
        """Do them. Tells whether they were stopped before the end."""
        for study in self._studies:
            self._waiting.extend((study, attempt) for attempt in study.begin())
        most = sum(min(study.sweep.batch, study.sweep.trials) for study in self._studies)
        with StopRequest(self._observer.stopping) as stop, Pool(max(1, min(self._jobs, most))) as pool:
            for event in pool.run(self):
                study, attempt = self._going[event.task]
                begins = event.kind == "round" and not event.seconds
                if study.hear(attempt, event) or (stop.asked and begins):
                    pool.cancel(event.task)
                if event.kind != "round":
                    del self._going[event.task]
                elif event.seconds:
                    self._forecast.learn(attempt.case, 1, event.seconds)
                self._stopped = self._stopped or stop.asked or event.kind == "stopped"
                self._observer.progress(study, attempt, event, self._left())
                for name, (other, _) in self._going.items():
                    if other.why:
                        pool.cancel(name)
                if batch := study.settle():
                    self._observer.settled(study, batch)
                    self._waiting.extend((study, after) for after in study.begin())
        return self._stopped and any(study.running and not study.why for study in self._studies)

    def _left(self) -> float | None:
        """Seconds until all are done, if none of the trials to come is given up before its end."""
        rounds: list[tuple[Case, int]] = [(a.case, a.case.config.rounds) for s, a in self._waiting if not s.why]
        rounds += [(a.case, a.case.config.rounds - max(a.scores, default=0)) for _, a in self._going.values()]
        for study in self._studies:
            usual = study.sweep.case({})
            to_come = study.sweep.trials - study.over - len(study.running)
            rounds += [(usual, usual.config.rounds)] * (0 if study.why else max(0, to_come))
        return self._forecast.left(rounds, self._jobs)


def conduct(studies: Sequence[Study], *, jobs: int, observer: Observer | None = None) -> list[Found | None]:
    """Do what is left of some searches, and tell what each has found: nothing where its first trial failed.

    Args:
        studies: the searches.
        jobs: processes.
        observer: who looks on.

    Raises:
        Stopped: Ctrl-C or SIGTERM; the same trials go on where they were saved.
        UserError: another process works with one of them, or its journal is damaged.
    """
    watching = observer or Observer()
    with ExitStack() as inside:
        for study in studies:
            inside.enter_context(study.alone())
        watching.begins(studies, jobs)
        try:
            stopped = Conductor(studies, jobs, watching).go()
        finally:
            watching.ends()
        if stopped:
            where = studies[0].path if len(studies) == 1 else studies[0].path.parent
            raise Stopped(f"stopped; what is done is kept in {where}: give the same command again to go on")
        return [None if study.why else study.found for study in studies]
