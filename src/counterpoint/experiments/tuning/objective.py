"""What a search for settings makes as good as it can be."""

from dataclasses import dataclass, replace
from typing import Literal

from counterpoint.evaluate import MetricName
from counterpoint.experiments.outcome import better, score_name


@dataclass(frozen=True)
class Objective:
    """The score of the validation rows of all clients together, after the last round.

    A global model is scored as the clients receive it; of personal models and peers each is scored, after local
    training, and their mean counts: as in a comparison on the global test, but that training rows stand in for it.

    Attributes:
        kind: `global`, `personal` or `peer`: the method's models.
        measure: `accuracy`, `macro_f1`, `auc`, `loss`.
    """

    kind: Literal["global", "personal", "peer"]
    measure: str

    @property
    def name(self) -> MetricName:
        """The metric."""
        return replace(score_name(self.kind, "held-out", self.measure), split="global_validation")

    @property
    def direction(self) -> Literal["maximize", "minimize"]:
        """Which way is better."""
        return "maximize" if better(self.measure) == "higher" else "minimize"
