"""What came out of a comparison, and how to ask for a number of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from counterpoint.evaluate import OBSERVED, MetricName
from counterpoint.evaluate.metric import ModelKind, Moment
from counterpoint.experiments.case import Case
from counterpoint.experiments.comparison import Comparison
from counterpoint.experiments.condition import Condition
from counterpoint.experiments.variant import Variant

Where = Literal["held-out", "own", "worst"]
"""Of which test a score is: the global one; the mean over each client's own; the worst client's own."""

WORDS: dict[Where, str] = {
    "held-out": "global test",
    "own": "mean over the clients' own tests",
    "worst": "worst client's own test",
}

BY_SAMPLE = ("accuracy", "macro_f1", "auc", "loss")
"""Measures of single samples, all of which are scored by the same patterns."""
LESS_IS_BETTER = ("loss", "median_rank", "contrastive")


def score_name(kind: ModelKind, where: Where, measure: str, pattern: str = OBSERVED) -> MetricName:
    """The metric that stands for a method.

    A global model is scored as the clients receive it. Of personal models, and of those of peers, each is scored, after
    local training; on the global test their mean counts.

    Args:
        kind: `global`, `personal` or `peer`: the method's models.
        where: which test.
        measure: one of `comparison.MeasureKind`; of retrieval (`recall@K`, `median_rank`) only the global test has
            scores.
        pattern: of modalities shown; of retrieval the direction.
    """
    if where == "held-out":
        if kind != "global":
            return MetricName(measure, kind, "clients:mean", "global_test", pattern, "after")
        return MetricName(measure, "global", "server", "global_test", pattern, "before")
    scope = "clients:mean" if where == "own" else "clients:worst"
    moment: Moment = "before" if kind == "global" else "after"
    return MetricName(measure, kind, scope, "test", pattern, moment)


@dataclass(frozen=True)
class Outcome:
    """One finished run.

    Attributes:
        case: which.
        folder: its run folder.
        summary: what `run --json` prints.
    """

    case: Case
    folder: Path
    summary: Mapping[str, Any]

    def score(self, where: Where = "held-out", measure: str = "", pattern: str = OBSERVED) -> float | None:
        """A score after the last round, None where there is none or it is not finite.

        Args:
            where: which test.
            measure: that of the condition where empty.
            pattern: of modalities shown.
        """
        name = score_name(self.case.variant.kind, where, measure or self.case.condition.measure, pattern)
        value: float | None = self.summary["metrics"].get(str(name))
        return value

    @property
    def sent(self) -> int:
        """Bytes up and down, over all clients and rounds."""
        return int(self.summary["bytes_up"]) + int(self.summary["bytes_down"])

    @property
    def seconds(self) -> float:
        """That the run took."""
        return float(self.summary["seconds"])


@dataclass(frozen=True)
class Results:
    """A comparison and what there is of it.

    Attributes:
        comparison: what is compared.
        outcomes: of the runs that are finished, in the order of the cases.
        failures: by name of a case that failed, why; one sentence each.
        missing: names of cases that are neither finished nor failed.
    """

    comparison: Comparison
    outcomes: Sequence[Outcome]
    failures: Mapping[str, str] = field(default_factory=dict)
    missing: Sequence[str] = ()

    def of(self, variant: Variant, condition: Condition) -> list[Outcome]:
        """The finished runs of one cell, by seed."""
        found = [o for o in self.outcomes if o.case.variant == variant and o.case.condition == condition]
        return sorted(found, key=lambda outcome: outcome.case.seed)

    def scores(
        self,
        variant: Variant,
        condition: Condition,
        where: Where = "held-out",
        measure: str = "",
        pattern: str = OBSERVED,
    ) -> dict[int, float]:
        """Scores of one cell, by seed, of the runs that have it."""
        values = {o.case.seed: o.score(where, measure, pattern) for o in self.of(variant, condition)}
        return {seed: value for seed, value in values.items() if value is not None}

    def patterns(self, condition: Condition, measure: str = "") -> list[str]:
        """Patterns of modalities that the global test was scored by, those with most modalities first.

        Args:
            condition: of which.
            measure: that of the condition where empty. Of retrieval they are directions.
        """
        wanted = measure or condition.measure
        wanted = "accuracy" if wanted in BY_SAMPLE else wanted
        outcomes = (outcome for outcome in self.outcomes if outcome.case.condition == condition)
        names = (MetricName.parse(text) for outcome in outcomes for text in outcome.summary["metrics"])
        found = {name.pattern for name in names if name.split == "global_test" and name.measure == wanted}
        return sorted(found - {OBSERVED}, key=lambda pattern: (-pattern.count("+"), pattern))


def better(measure: str) -> Literal["higher", "lower"]:
    """Which values of a measure are better."""
    return "lower" if measure in LESS_IS_BETTER else "higher"


def measures(conditions: Iterable[Condition]) -> str:
    """The one measure of all conditions; where they differ, `score`."""
    found = {condition.measure for condition in conditions}
    return next(iter(found)) if len(found) == 1 else "score"
