"""Looking on at a comparison: one display for all its runs, with the time left."""

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from counterpoint.cli.console import stderr
from counterpoint.experiments.case import Case
from counterpoint.experiments.go import Observer, Plan
from counterpoint.experiments.outcome import score_name
from counterpoint.experiments.worker import Event

OVER = ("done", "failed", "stopped", "cancelled")


def spoken(seconds: float | None) -> str:
    """A time that is not known better: `about 5 min`."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 90 else f"about {minutes / 60:.1f} h"


def told(case: Case) -> str:
    """A case for people."""
    return f"{case.variant.label} on {case.condition.label}, seed {case.seed}"


class Lines(Observer):
    """A line for each run that ends.

    Args:
        console: on standard error.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.over, self.all = 0, 0
        self.latest: dict[str, str] = {}

    def begins(self, plan: Plan, jobs: int) -> None:
        """Say what there is to do."""
        found, on = len(plan.in_state("finished")), len(plan.in_state("interrupted"))
        self.all, self.over = len(plan.cases), found
        parts = [f"{self.all} runs, {jobs} at a time"]
        parts += [f"{found} finished already"] if found else []
        parts += [f"{on} to go on with"] if on else []
        self.say("; ".join(parts))

    def progress(self, event: Event, case: Case, seconds_left: float | None) -> None:
        """Count, and say what has ended."""
        if event.kind == "round":
            name = str(score_name(case.variant.kind, "held-out", case.condition.measure))
            if name in event.scores:
                self.latest[event.task] = f"{case.condition.measure} {event.scores[name]:.3f}"
        elif event.kind in ("done", "failed"):
            self.over += 1
            self.ended(event, case, seconds_left)

    def ended(self, event: Event, case: Case, seconds_left: float | None) -> None:
        """Say that a run has ended."""
        what = event.why if event.kind == "failed" else self.latest.pop(event.task, "done")
        left = f"; {spoken(seconds_left)} left" if seconds_left and self.over < self.all else ""
        self.say(f"{self.over} of {self.all}: {told(case)}: {'failed: ' if event.kind == 'failed' else ''}{what}{left}")

    def stopping(self) -> None:
        """Tell that it was heard."""
        self.say("stopping after the running rounds; press Ctrl-C again to stop at once, losing them")

    def say(self, text: str) -> None:
        """Print a line as it is."""
        self.console.print(text, soft_wrap=True)


class Display(Lines):
    """A live display: how many runs are over, the time left, and a line for each that is going on."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.live = _Live(console)

    def begins(self, plan: Plan, jobs: int) -> None:
        """Show the bar."""
        super().begins(plan, jobs)
        self.live.going = {}
        self.live.rounds = {case.name: 0 for case in plan.in_state("interrupted", "new")}
        total = sum(case.config.rounds for case in plan.in_state("interrupted", "new"))
        self._task = self.live.add_task("", total=total, at=self._at, left="")
        self.live.start()

    @property
    def _at(self) -> str:
        return f"{self.over} of {self.all} runs"

    def progress(self, event: Event, case: Case, seconds_left: float | None) -> None:
        """Move on."""
        if event.kind == "round":
            self.live.rounds[event.task] = event.round
            self.live.going[event.task] = f"  {told(case)}: round {event.round} of {case.config.rounds}"
        else:
            self.live.going.pop(event.task, None)
            self.live.rounds[event.task] = case.config.rounds
        super().progress(event, case, seconds_left)
        left = f"{spoken(seconds_left)} left" if seconds_left else ""
        self.live.update(self._task, completed=sum(self.live.rounds.values()), at=self._at, left=left)

    def ended(self, event: Event, case: Case, seconds_left: float | None) -> None:
        """Say only what failed."""
        if event.kind == "failed":
            self.say(f"{told(case)}: failed: {event.why}")

    def ends(self) -> None:
        """Take it away."""
        self.live.stop()


class _Live(Progress):
    """The bar, and below it what is going on."""

    def __init__(self, console: Console) -> None:
        self.going: dict[str, str] = {}
        self.rounds: dict[str, int] = {}
        super().__init__(
            TextColumn("{task.fields[at]}"),
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
            refresh_per_second=4,
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        """What is drawn, from the top."""
        yield self.make_tasks_table(self.tasks)
        for line in list(self.going.values()):
            yield Text(line, style="dim", overflow="ellipsis", no_wrap=True)


def choose_observer(*, quiet: bool) -> Observer:
    """The observer that suits where standard error goes."""
    if quiet:
        return Observer()
    console = stderr()
    return Display(console) if console.is_terminal else Lines(console)
