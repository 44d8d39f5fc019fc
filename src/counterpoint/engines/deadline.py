"""A deadline of simulated rounds: who comes later is left out."""

from collections.abc import Mapping
from typing import TypeVar

from counterpoint.engines.ledger import Ledger
from counterpoint.engines.log import RoundLog
from counterpoint.engines.plan import steps_in
from counterpoint.exchange.many import Many
from counterpoint.exchange.package import Package
from counterpoint.methods.settings import TrainSettings

LATE, LASTED = ("late", "clients:sum"), ("round_seconds", "clients:worst")
"""Notes of a round with a deadline: how many uploads came after it, and how long the round lasted."""
Up = TypeVar("Up", bound=Package)


class Deadline:
    """The deadline of a run's rounds, if it has one.

    Args:
        ledger: knows it, and what things take.
        number: of each client in the network.
        rows: that each client trains on.
    """

    def __init__(self, ledger: Ledger, number: Mapping[int, int], rows: Mapping[int, int]) -> None:
        self._ledger = ledger
        self._number = number
        self._rows = rows

    def of(self, uploads: Many[Up], log: RoundLog, settings: TrainSettings, round: int) -> Many[Up] | None:
        """What came before the deadline; what came later is counted, and left out.

        Args:
            uploads: that came.
            log: of the round, which says what each client got and sent.
            settings: of local training in this round.
            round: its number.
        """
        if self._ledger.deadline is None:
            return uploads
        seconds = [self.seconds(client, log, settings, round) for client in uploads.clients]
        kept = [place for place, needed in enumerate(seconds) if needed <= self._ledger.deadline]
        log.notes[LATE] = log.notes.get(LATE, 0.0) + len(seconds) - len(kept)
        longest = max(log.notes.get(LASTED, 0.0), *seconds)
        log.notes[LASTED] = min(longest, self._ledger.deadline)
        if len(kept) == len(seconds):
            return uploads
        return uploads.rows(kept) if kept else None

    def seconds(self, client: int, log: RoundLog, settings: TrainSettings, round: int) -> float:
        """How long a client's part of the round takes: its local epochs, and all bytes that it got and sent in it."""
        steps = steps_in(self._rows[client], settings.batch_size, settings.epochs)
        size = sum(n for (_, who, _), n in log.traffic.items() if who == client)
        return self._ledger.visit_seconds(self._number[client], steps, size, round)
