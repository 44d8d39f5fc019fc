"""How long a comparison still takes, from what was measured of it."""

from collections.abc import Iterable
from statistics import mean

from counterpoint.experiments.case import Case, key


class Forecast:
    """Seconds a round, by method and data, and what follows from them.

    A cell of which nothing is known takes as long as the others of the same data do in the mean, or as all others.
    """

    def __init__(self) -> None:
        self._rounds: dict[tuple[str, str], tuple[int, float]] = {}

    def learn(self, case: Case, rounds: int, seconds: float) -> None:
        """That so many rounds of a case took so long."""
        before = self._rounds.get(key(case.variant, case.condition), (0, 0.0))
        self._rounds[key(case.variant, case.condition)] = (before[0] + rounds, before[1] + seconds)

    def a_round(self, case: Case) -> float | None:
        """Seconds that a round of a case takes; None where nothing is known of anything."""
        rates = {cell: seconds / rounds for cell, (rounds, seconds) in self._rounds.items() if rounds}
        own = key(case.variant, case.condition)
        if own in rates:
            return rates[own]
        alike = [rate for (_, condition), rate in rates.items() if condition == own[1]]
        return mean(alike or rates.values()) if rates else None

    def left(self, rounds: Iterable[tuple[Case, int]], jobs: int) -> float | None:
        """Seconds until these are done by so many processes; None where nothing is known.

        At least as long as the longest of them takes, and as all of them shared out evenly.

        Args:
            rounds: cases with the rounds that are left of each.
            jobs: processes.
        """
        each = [(rate, count) for case, count in rounds if (rate := self.a_round(case)) is not None]
        if not each:
            return None
        times = [rate * count for rate, count in each]
        return max(*times, sum(times) / jobs)
