"""Looking on at a run without a terminal: nothing, or a few plain lines."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from counterpoint.evaluate import MetricName
from counterpoint.evaluate.headline import headline
from counterpoint.runs import RunConfig, RunFolder, Watcher

LINES_A_RUN = 10
REFUSALS_SHOWN = 5


class Silent(Watcher):
    """Shows nothing; remembers the run folder for whoever has to say how to go on.

    Attributes:
        out: the run folder, once the run has begun.
    """

    out: Path | None = None

    def begins(self, config: RunConfig, out: Path, done: int, clients: int) -> None:
        """Remember the folder."""
        self.out = out


class Talking(Silent):
    """Base of those that show something.

    Args:
        console: on standard error.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.rounds = 0
        self._refusals = 0

    def begins(self, config: RunConfig, out: Path, done: int, clients: int) -> None:
        """Remember the folder and how many rounds there are."""
        super().begins(config, out, done, clients)
        self.rounds = config.rounds

    def round_done(self, number: int, latest: Mapping[MetricName, float], refused: list[tuple[int, str]]) -> None:
        """Tell at once of refused uploads; after some rounds that had any, the log tells of the rest."""
        if not refused or self._refusals == REFUSALS_SHOWN:
            return
        self._refusals += 1
        client, why = refused[0]
        uploads = "1 upload was" if len(refused) == 1 else f"{len(refused)} uploads were"
        self.say(f"round {number}: {uploads} refused; client {client}: {why}")
        if self._refusals == REFUSALS_SHOWN and self.out is not None:
            self.say(f"further refusals: see {RunFolder(self.out).log}")

    def stopping(self) -> None:
        """Tell that it was heard."""
        self.say("stopping after this round; press Ctrl-C again to stop at once, losing the round")

    def say(self, text: str) -> None:
        """Print a line as it is."""
        self.console.print(text, soft_wrap=True)


class Lines(Talking):
    """At most ten plain lines a run, for logs and pipes."""

    def round_done(self, number: int, latest: Mapping[MetricName, float], refused: list[tuple[int, str]]) -> None:
        """Print a line if it is time for one."""
        super().round_done(number, latest, refused)
        if number == self.rounds or number % -(-self.rounds // LINES_A_RUN) == 0:
            told = headline(latest)
            self.say(f"round {number} of {self.rounds}" + (f"; {told}" if told else ""))
