"""One trial of a search for settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from counterpoint.experiments.case import Case

if TYPE_CHECKING:
    from optuna import Trial

State = Literal["running", "done", "pruned", "failed"]


@dataclass(eq=False)
class Attempt:
    """One trial.

    Attributes:
        number: from 0; the first has the settings as they are without a search.
        settings: that it tries, by key.
        case: its run.
        trial: what Optuna knows of it.
        scores: by round.
        state: what became of it; `pruned` if it was given up before its end.
        over: whether its process has ended with it.
        why: it failed; one sentence.
    """

    number: int
    settings: Mapping[str, Any]
    case: Case
    trial: "Trial"
    scores: dict[int, float] = field(default_factory=dict)
    state: State = "running"
    over: bool = False
    why: str = ""

    @property
    def score(self) -> float | None:
        """After the last round; None where it did not get there."""
        return self.scores.get(self.case.config.rounds) if self.state == "done" else None
