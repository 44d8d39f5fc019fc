"""What the folder of a comparison tells, read from its files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from counterpoint.experiments import Condition, Outcome, Results, Store, Variant, load, score_name
from counterpoint.experiments.numbers import Numbers, numbers
from counterpoint.report.comparison.names import drawn_names
from counterpoint.report.comparison.scale import SCALES, Scale
from counterpoint.report.devices import spent
from counterpoint.report.draw.colours import Look, look
from counterpoint.report.record import training_seconds
from counterpoint.report.sections.traffic import sent
from counterpoint.report.select import Points, by_client, read
from counterpoint.runs import RunFolder


@dataclass(frozen=True)
class Trace:
    """What one run shows beyond its summary.

    Attributes:
        scores: on the global test by round, in the measure of its condition; on the clients' own tests, the mean over
            clients, where there is no global test.
        own: last score of each client on its own test.
        sent: bytes up and down by the end of each round.
        seconds: that training took.
        joules: over all clients by the end of each round; none where they were not counted.
    """

    scores: Points
    own: Mapping[int, float]
    sent: Points
    seconds: float
    joules: Points = ()


@dataclass(frozen=True)
class Evidence:
    """A comparison as its folder tells it.

    Attributes:
        name: of the folder.
        file: `comparison.toml` as it is.
        results: what there is of it.
        numbers: all of its numbers, see `experiments.numbers`.
        traces: by name of a run.
        populations: what is told of the data, by label of a condition, of its first finished run.
    """

    name: str
    file: str
    results: Results
    numbers: Numbers
    traces: Mapping[str, Trace]
    populations: Mapping[str, Mapping[str, Any]]

    @property
    def conditions(self) -> Sequence[Condition]:
        """Columns."""
        return self.results.comparison.conditions

    @property
    def variants(self) -> Sequence[Variant]:
        """Rows."""
        return self.results.comparison.variants

    @property
    def seeds(self) -> int:
        """How many."""
        return len(self.results.comparison.seeds)

    @property
    def reference(self) -> str:
        """Label of the row that others are compared with."""
        label: str = self.numbers["reference"]
        return label

    @property
    def looks(self) -> dict[str, Look]:
        """How each row is drawn, everywhere."""
        names = drawn_names([variant.label for variant in self.variants])
        return {label: look(number, name) for number, (label, name) in enumerate(names.items())}

    def cells(self, condition: Condition) -> dict[str, Numbers]:
        """The numbers of one column, by row."""
        return {cell["method"]: cell for cell in self.numbers["cells"] if cell["data"] == condition.label}

    def column(self, condition: Condition) -> Numbers:
        """What is said of a column as a whole."""
        found: Numbers = next(c for c in self.numbers["columns"] if c["label"] == condition.label)
        return found

    def traces_of(self, variant: Variant, condition: Condition) -> list[tuple[Outcome, Trace]]:
        """Finished runs of one cell, by seed."""
        return [(outcome, self.traces[outcome.case.name]) for outcome in self.results.of(variant, condition)]


def scale_of(condition: Condition) -> Scale:
    """How the scores of a column are written."""
    return SCALES[condition.measure]


def read_evidence(path: Path) -> Evidence:
    """Read the folder of a comparison, finished or not.

    Raises:
        UserError: it is none, a file of it is missing or damaged, or scipy is not installed.
    """
    results = load(path)
    store = Store.open(path)
    populations: dict[str, Mapping[str, Any]] = {}
    for outcome in results.outcomes:
        folder = RunFolder(outcome.folder)
        if outcome.case.condition.label not in populations:
            populations[outcome.case.condition.label] = folder.read_json(folder.population)
    return Evidence(
        name=path.resolve().name,
        file=store.config.read_text(encoding="utf-8"),
        results=results,
        numbers=numbers(results),
        traces={outcome.case.name: trace(outcome) for outcome in results.outcomes},
        populations=populations,
    )


def trace(outcome: Outcome) -> Trace:
    """What a finished run shows beyond its summary.

    Raises:
        UserError: its table of metrics is missing or damaged.
    """
    case, curves = outcome.case, read(RunFolder(outcome.folder).metrics)
    kind, measure = case.variant.kind, case.condition.measure
    held, own = (score_name(kind, where, measure) for where in ("held-out", "own"))
    parts = {"model": own.model, "split": own.split, "moment": own.moment, "pattern": own.pattern}
    return Trace(
        scores=curves.get(held) or curves.get(own, ()),
        own=by_client(curves, measure=measure, **parts),
        sent=sent(curves),
        seconds=training_seconds(outcome.summary["profile"]),
        joules=spent(curves),
    )
