"""What a run tells whoever looks on."""

from collections.abc import Mapping
from pathlib import Path

from counterpoint.evaluate import MetricName
from counterpoint.runs.config import RunConfig


class Watcher:
    """Looks on at a run; this one is silent. A progress display overrides what it shows."""

    def begins(self, config: RunConfig, out: Path, done: int, clients: int) -> None:
        """The run begins, or goes on after `done` rounds, in folder `out`, with that many clients a round."""

    def client_done(self) -> None:
        """A client's program of the running round has ended."""

    def round_done(self, number: int, latest: Mapping[MetricName, float], refused: list[tuple[int, str]]) -> None:
        """A round has ended.

        Args:
            number: of the round.
            latest: the last value of each metric so far.
            refused: clients whose uploads were refused in this round, and why.
        """

    def stopping(self) -> None:
        """The run was asked to stop and will, after the running round; asked again, it stops at once, unsaved."""

    def ends(self) -> None:
        """The run has ended, whether finished, stopped or failed."""
