"""Numbers derived from what was measured: medians, and ratios within a repeat."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]
"""What `speed.json` holds: machine, repeats, rivals, cases, runs."""


@dataclass(frozen=True)
class Spread:
    """A median, and the least and the most."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread | None":
        """Of some values; None of none."""
        return cls(statistics.median(values), min(values), max(values)) if values else None

    def times(self, factor: float) -> "Spread":
        """In another unit."""
        return Spread(self.middle * factor, self.low * factor, self.high * factor)


class Figures:
    """A record, asked."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.cases = {case["key"]: case for case in record["cases"]}
        self._runs: dict[tuple[str, str], dict[int, Record]] = {}
        for run in record["runs"]:
            self._runs.setdefault((run["case"], run["contestant"]), {})[run["repeat"]] = run

    def section(self, name: str) -> list[Record]:
        """The cases of a section."""
        return [case for case in self.cases.values() if case["section"] == name]

    def failed(self, case: str, contestant: str) -> str:
        """Why a contestant has no figures for a case; empty if it has."""
        runs = self._runs.get((case, contestant), {}).values()
        return next((run["failed"] for run in runs if "failed" in run), "" if runs else "did not take part")

    def values(self, case: str, contestant: str, of: Callable[[Record], float | None]) -> dict[int, float]:
        """A value of each good run, by repeat."""
        runs = self._runs.get((case, contestant), {})
        found = {repeat: of(run) for repeat, run in runs.items() if "failed" not in run}
        return {repeat: value for repeat, value in found.items() if value is not None}

    def rounds(self, case: str, contestant: str) -> dict[int, float]:
        """Seconds of a round, the median over all but the first ones, by repeat."""
        if case not in self.cases:
            return {}
        warm = self.cases[case]["warm"]
        return self.values(case, contestant, lambda run: statistics.median(run["seconds"][warm:]))

    def a_round(self, case: str, contestant: str) -> Spread | None:
        """Seconds of a round over repeats."""
        return Spread.of(list(self.rounds(case, contestant).values()))

    def ratio(self, above: tuple[str, str], below: tuple[str, str]) -> Spread | None:
        """Time of a round over that of another (case, contestant), repeat by repeat."""
        over, under = self.rounds(*above), self.rounds(*below)
        return Spread.of([over[repeat] / under[repeat] for repeat in over if repeat in under])

    def first(self, case: str, contestant: str) -> Spread | None:
        """Seconds of the first round."""
        return Spread.of(list(self.values(case, contestant, lambda run: run["seconds"][0]).values()))

    def total(self, case: str, contestant: str) -> Spread | None:
        """Seconds of all rounds."""
        return Spread.of(list(self.values(case, contestant, lambda run: sum(run["seconds"])).values()))

    def accuracy(self, case: str, contestant: str) -> Spread | None:
        """Share of test rows that the model gets right at the end."""
        return Spread.of(list(self.values(case, contestant, lambda run: run.get("accuracy")).values()))

    def client_round(self, case: str, contestant: str) -> Spread | None:
        """Seconds of a round for each client."""
        found = self.a_round(case, contestant)
        return found and found.times(1 / self.cases[case]["clients"])

    def gflops(self) -> Spread | None:
        """Of a matrix product on one thread, in the runs of the floor written by hand."""
        cases = [case["key"] for case in self.section("mlp")]
        rates = [v for case in cases for v in self.values(case, "written", lambda run: run.get("gflops")).values()]
        return Spread.of(rates)

    def memory(self, case: str, after: int) -> Spread | None:
        """Megabytes at most by the end of a round, less those of a process with data and model alone."""
        peaks = self.values(case, "stacked", lambda run: run["peak"][after])
        bare = self.values(case, "bare", lambda run: run["peak"][0])
        return Spread.of([peaks[repeat] - bare[repeat] for repeat in peaks if repeat in bare])

    def profile(self, case: str, contestant: str) -> dict[str, float]:
        """Seconds of a round by what they were spent on, medians; empty where the engine does not tell."""
        if case not in self.cases:
            return {}
        warm = self.cases[case]["warm"]
        runs = [run for run in self._runs.get((case, contestant), {}).values() if "profile" in run]
        kinds = runs[0]["profile"][0] if runs else {}
        return {k: statistics.median(r[k] for run in runs for r in run["profile"][warm:]) for k in kinds}
