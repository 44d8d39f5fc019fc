"""One search for settings in its folder: which trials come next, and what became of them."""

import math
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from counterpoint.errors import UserError
from counterpoint.experiments.case import Case
from counterpoint.experiments.tuning.attempt import Attempt
from counterpoint.experiments.tuning.extras import optuna_here
from counterpoint.experiments.tuning.found import Found, best
from counterpoint.experiments.tuning.journal import opened, sampler
from counterpoint.experiments.tuning.space import as_drawn, drawn
from counterpoint.experiments.tuning.sweep import Sweep, same_search
from counterpoint.experiments.worker import Event, Task
from counterpoint.runs import RunConfig, RunFolder, read_metrics
from counterpoint.storage import write_atomically

if TYPE_CHECKING:
    from optuna import Trial


class Study:
    """A search that goes on where it was left. All but making it is done inside `alone`.

    Folder: `sweep.toml` what is searched; `journal.log` what Optuna remembers; `trials/` a run folder each. Once the
    outcome of a trial is in the journal, its weights and the description of its data are deleted, which would be as
    large as those of a run and are never read again: configuration, scores by round and the log stay.

    Args:
        sweep: what is searched.
        path: of the folder.

    Raises:
        UserError: the folder holds something else, or cannot be made.

    Attributes:
        running: the batch, by number.
        why: the first trial failed: the sentence that says why. The search ends then: nothing is known of how good the
            settings are that are to be bettered.
    """

    def __init__(self, sweep: Sweep, path: Path) -> None:
        self.sweep, self.path = sweep, path
        self.running: dict[int, Attempt] = {}
        self.why = ""
        self._make()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Inside the `with` the journal is open, and no other process works with it.

        Raises:
            UserError: one does already, or the journal is damaged.
        """
        try:
            with FileLock(self.path / ".lock", blocking=False), optuna_here():
                self._study = opened(self.path / "journal.log", self.sweep)
                yield
        except Timeout as error:
            raise UserError(f"another process works on {self.path}: wait for it, or choose another --out") from error

    @property
    def name(self) -> str:
        """Its own among those that are conducted together."""
        return self.path.name

    @property
    def over(self) -> int:
        """Trials whose outcome is known."""
        return sum(trial.state.is_finished() for trial in self._study.get_trials(deepcopy=False))

    @property
    def found(self) -> Found | None:
        """The best so far; None where no trial was done to its end."""
        return best(self.sweep, self._study)

    def begin(self) -> list[Attempt]:
        """The trials of the next batch that are to be run: those that were cut off, then new ones.

        No trial where there are as many as there shall be.
        """
        from optuna.trial import TrialState

        cut_off = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        for trial in sorted(cut_off, key=lambda trial: trial.number):
            self._take_up(self._again(trial.number))
        while self._asked < self.sweep.trials and (self._asked % self.sweep.batch or not self.running):
            self._take_up(self._ask())
        if self.running and self.settle():
            return self.begin()
        return [attempt for attempt in self.running.values() if not attempt.over]

    def task(self, attempt: Attempt) -> Task:
        """What a process has to do."""
        return Task(f"{self.name}/{attempt.number}", attempt.case.config, self._folder(attempt.number))

    def hear(self, attempt: Attempt, event: Event) -> bool:
        """Take note of what happened to a trial. Tells whether it is given up now."""
        name = str(self.sweep.objective.name)
        if event.kind == "round":
            return name in event.scores and self._score(attempt, event.round, event.scores[name])
        attempt.over = True
        if attempt.state == "running" and event.kind == "done":
            self._complete(attempt)
        elif attempt.state == "running" and event.kind == "failed":
            self._fail(attempt, event.why)
        return False

    def settle(self) -> Sequence[Attempt]:
        """Write down what became of the batch, once all of it is over. Tells its trials; before, none.

        Where the first trial of all has failed, nothing is written down: it and its batch are run again another time.
        """
        from optuna.trial import TrialState

        batch = [self.running[number] for number in sorted(self.running)]
        if self.why or any(not attempt.over or attempt.state == "running" for attempt in batch):
            return []
        for attempt in batch:
            if attempt.state == "done":
                self._study.tell(attempt.trial, attempt.score)
            elif attempt.state == "pruned":
                self._study.tell(attempt.trial, state=TrialState.PRUNED)
            else:
                attempt.trial.set_user_attr("why", attempt.why)
                self._study.tell(attempt.trial, state=TrialState.FAIL)
        self.running.clear()
        self._shrink()
        return batch

    @property
    def _asked(self) -> int:
        """Trials that were begun, ever."""
        from optuna.trial import TrialState

        return sum(trial.state != TrialState.WAITING for trial in self._study.get_trials(deepcopy=False))

    def _ask(self) -> Attempt:
        number = self._asked
        if not self._study.get_trials(deepcopy=False):
            self._study.enqueue_trial(as_drawn(self.sweep.space, self.sweep.before))
        self._study.sampler = sampler(self.sweep.seed, number)
        return self._attempt(self._study.ask())

    def _again(self, number: int) -> Attempt:
        """A trial that was cut off."""
        from optuna import Trial

        self._study.sampler = sampler(self.sweep.seed, number)
        return self._attempt(Trial(self._study, self._study.get_trials(deepcopy=False)[number]._trial_id))

    def _attempt(self, trial: "Trial") -> Attempt:
        """A trial with its settings. The first has those of a run without a search, in the space or not."""
        space, before = self.sweep.space, self.sweep.before
        if trial.number == 0:
            drawn(trial, {key: one for key, one in space.items() if one.drawn_as(key, before[key])})
            return Attempt(0, {}, self.sweep.case({}), trial)
        settings = drawn(trial, space)
        trial.set_user_attr("settings", settings)
        return Attempt(trial.number, settings, self.sweep.case(settings), trial)

    def _take_up(self, attempt: Attempt) -> None:
        """Make a trial one of the batch, with what its run has scored so far, if it was begun before."""
        self.running[attempt.number] = attempt
        folder = RunFolder(self._folder(attempt.number))
        if not folder.config.is_file() or RunConfig.read(folder.config) != attempt.case.config:
            shutil.rmtree(folder.path, ignore_errors=True)
        elif folder.metrics.is_file():
            for metric in read_metrics(folder.metrics):
                if metric.name == self.sweep.objective.name:
                    self._score(attempt, metric.round, metric.value)
            attempt.over = attempt.state == "pruned"

    def _score(self, attempt: Attempt, number: int, value: float) -> bool:
        """Take note of a score. Tells whether the trial is given up by it; the first never is."""
        if attempt.state != "running" or number in attempt.scores or not _scored(attempt.case, number):
            return False
        attempt.scores[number] = value
        if number not in self._study.get_trials(deepcopy=False)[attempt.number].intermediate_values:
            attempt.trial.report(value, number)
        if number == attempt.case.config.rounds or attempt.number == 0 or not attempt.trial.should_prune():
            return False
        attempt.state = "pruned"
        return True

    def _complete(self, attempt: Attempt) -> None:
        score, what = attempt.scores.get(attempt.case.config.rounds), self.sweep.condition.measure
        if score is None:
            self._fail(attempt, f"there is no {what} of the validation rows")
        elif not math.isfinite(score):
            self._fail(attempt, f"its {what} is not a finite number")
        else:
            attempt.state = "done"

    def _fail(self, attempt: Attempt, why: str) -> None:
        attempt.state, attempt.why = "failed", why
        self.why = why if attempt.number == 0 else self.why

    def _folder(self, number: int) -> Path:
        return self.path / "trials" / f"{number:04d}"

    def _shrink(self) -> None:
        """Delete what is large of trials whose outcome is written down."""
        for trial in self._study.get_trials(deepcopy=False):
            if trial.state.is_finished():
                folder = RunFolder(self._folder(trial.number))
                folder.checkpoint.unlink(missing_ok=True)
                folder.population.unlink(missing_ok=True)
                folder.network.unlink(missing_ok=True)

    def _make(self) -> None:
        told, file = self.sweep.toml(), self.path / "sweep.toml"
        try:
            if self.path.exists() and not file.is_file() and (not self.path.is_dir() or any(self.path.iterdir())):
                raise UserError(f"{self.path} is there already and holds no search for settings: choose another --out")
            if file.is_file() and not same_search(file.read_text(encoding="utf-8"), told):
                raise UserError(f"{self.path} holds another search for settings: choose another --out, or delete it")
            (self.path / "trials").mkdir(parents=True, exist_ok=True)
            write_atomically(file, told.encode())
        except OSError as error:
            raise UserError(f"cannot write to {self.path}: {error.strerror}") from error


def _scored(case: Case, number: int) -> bool:
    """Whether models are scored after a round; where not, its scores are those of a round before."""
    return number == case.config.rounds or number % case.config.evaluate.every == 0
