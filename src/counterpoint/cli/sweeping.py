"""Looking on at searches for settings, and the tables that one ends with."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from counterpoint.cli.console import stderr
from counterpoint.cli.grid import spoken
from counterpoint.experiments.tuning import Attempt, Found, Observer, Study
from counterpoint.experiments.worker import Event


class Lines(Observer):
    """A line for each trial whose outcome is known.

    Args:
        console: on standard error.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.seconds_left: float | None = None
        self.over = self.all = 0

    def begins(self, studies: Sequence[Study], jobs: int) -> None:
        """Say what there is to do."""
        self.all, self.over = sum(study.sweep.trials for study in studies), sum(study.over for study in studies)
        what = f"{self.all} trials" if len(studies) == 1 else f"{len(studies)} searches, {self.all} trials in all"
        self.say(f"{what}, {jobs} at a time" + (f"; {self.over} done already" if self.over else ""))

    def progress(self, study: Study, attempt: Attempt, event: Event, seconds_left: float | None) -> None:
        """Remember the time left."""
        self.seconds_left = seconds_left

    def settled(self, study: Study, attempts: Sequence[Attempt]) -> None:
        """Say what became of each."""
        for attempt in attempts:
            self.over += 1
            left = f"; {spoken(self.seconds_left)} left" if self.seconds_left and self.over < self.all else ""
            self.tell(study, attempt, left)

    def tell(self, study: Study, attempt: Attempt, left: str) -> None:
        """Say what became of one."""
        self.say(f"{self.over} of {self.all}: {told(study, attempt)}{left}")

    def stopping(self) -> None:
        """Tell that it was heard."""
        self.say("stopping once every run has ended its round; press Ctrl-C again to stop at once")

    def say(self, text: str) -> None:
        """Print a line as it is."""
        self.console.print(text, soft_wrap=True)


class Display(Lines):
    """A live bar over the rounds of all trials, and above it a line for each trial whose outcome is known."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._bar = Progress(
            TextColumn("{task.fields[at]}"),
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
            refresh_per_second=4,
        )
        self._rounds: Counter[str] = Counter()

    def begins(self, studies: Sequence[Study], jobs: int) -> None:
        """Show the bar."""
        super().begins(studies, jobs)
        total = sum((study.sweep.trials - study.over) * study.sweep.usual.rounds for study in studies)
        self._task = self._bar.add_task("", total=total, at=self._at, left="")
        self._bar.start()

    def progress(self, study: Study, attempt: Attempt, event: Event, seconds_left: float | None) -> None:
        """Move on."""
        super().progress(study, attempt, event, seconds_left)
        self._rounds[event.task] = event.round if event.kind == "round" else attempt.case.config.rounds
        left = f"{spoken(seconds_left)} left" if seconds_left else ""
        self._bar.update(self._task, completed=self._rounds.total(), at=self._at, left=left)

    def tell(self, study: Study, attempt: Attempt, left: str) -> None:
        """Say what became of one; the time left stands beside the bar."""
        super().tell(study, attempt, "")

    def ends(self) -> None:
        """Take the bar away."""
        self._bar.stop()

    @property
    def _at(self) -> str:
        return f"{self.over} of {self.all} trials"


def told(study: Study, attempt: Attempt) -> str:
    """A trial and what became of it, for people."""
    sweep = study.sweep
    settings = ", ".join(f"{key}={value}" for key, value in attempt.settings.items()) or "the settings as they are"
    if attempt.state == "done":
        outcome = f"{sweep.condition.measure} {attempt.score:.3f}"
    elif attempt.state == "pruned":
        outcome = f"given up after round {max(attempt.scores)}"
    else:
        outcome = f"failed: {attempt.why}"
    return f"{sweep.variant.label} on {sweep.condition.label}: {outcome} with {settings}"


def print_found(console: Console, study: Study, found: Found, profile: str, path: Path) -> None:
    """Print what a search has found, what it took, and how to use it.

    Args:
        console: to print on.
        study: the search.
        found: what it found.
        profile: the name under which that is saved.
        path: its file.
    """
    sweep = study.sweep
    table = Table("setting", "found", "before", "searched", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.title, table.title_justify = f" best settings: {sweep.variant.label} on {sweep.condition.label}", "left"
    if found.importance:
        table.add_column("importance", justify="right")
    before = sweep.before
    for key, dimension in sweep.space.items():
        share = [f"{found.importance.get(key, 0.0):.0%}"] if found.importance else []
        table.add_row(key, str(found.settings[key]), str(before[key]), dimension.text, *share)
    console.print(table)
    what = f"{sweep.condition.measure} of validation rows {found.score:.3f}"
    facts = {
        "score": f"{what}, with the settings as they were {found.usual:.3f}",
        "trials": f"{found.trials}: {found.done} done, {found.pruned} given up early, {found.failed} failed",
        "folder": str(study.path),
        "profile": f"{path}; counterpoint run {sweep.variant.method} --data {sweep.condition.data} --profile {profile}",
    }
    for label, fact in facts.items():
        console.print(f" {label:8}{fact}", soft_wrap=True)


def choose_observer(*, quiet: bool) -> Observer:
    """The observer that suits where standard error goes."""
    if quiet:
        return Observer()
    console = stderr()
    return Display(console) if console.is_terminal else Lines(console)
