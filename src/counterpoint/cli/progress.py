"""Looking on at a run in a terminal: a live bar."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from counterpoint.cli.console import stderr
from counterpoint.cli.watchers import Lines, Silent, Talking
from counterpoint.evaluate import MetricName
from counterpoint.evaluate.headline import headline
from counterpoint.runs import RunConfig


class Bar(Talking):
    """A live bar, gone once the run has ended."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._display = _Display(console)
        self._clients = 1
        self._round = 0
        self._visited = 0

    def begins(self, config: RunConfig, out: Path, done: int, clients: int) -> None:
        """Show the bar."""
        super().begins(config, out, done, clients)
        self._clients, self._round = clients, done
        self._task = self._display.add_task("", total=self.rounds * self._steps, at="")
        self._update()
        self._display.start()

    def client_done(self) -> None:
        """Move on by a client."""
        self._visited += 1
        self._update()

    def round_done(self, number: int, latest: Mapping[MetricName, float], refused: list[tuple[int, str]]) -> None:
        """Move on to the next round."""
        super().round_done(number, latest, refused)
        self._display.headline = headline(latest)
        self._round, self._visited = number, 0
        self._update()

    def ends(self) -> None:
        """Take the bar away."""
        self._display.stop()

    @property
    def _steps(self) -> int:
        """Steps of the bar in a round: one a client, and one for evaluation."""
        return self._clients + 1

    def _update(self) -> None:
        """Clients of a second visit in a round are counted from 1 again, and the bar waits for them."""
        at = f"round {min(self._round + 1, self.rounds)} of {self.rounds}"
        whole = f"{at}, client {self._clients} of {self._clients}"
        if self._visited:
            at += f", client {(self._visited - 1) % self._clients + 1} of {self._clients}"
        done = self._round * self._steps + min(self._visited, self._clients)
        self._display.update(self._task, completed=done, at=at.ljust(len(whole)))


class _Display(Progress):
    """The bar, and below it the latest numbers."""

    headline = ""

    def __init__(self, console: Console) -> None:
        super().__init__(
            TextColumn("{task.fields[at]}"),
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            refresh_per_second=4,
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        """What is drawn, from the top."""
        yield self.make_tasks_table(self.tasks)
        if self.headline:
            yield Text(self.headline, style="dim")


def choose_watcher(*, quiet: bool) -> Silent:
    """The watcher that suits where standard error goes."""
    if quiet:
        return Silent()
    console = stderr()
    return Bar(console) if console.is_terminal else Lines(console)
