"""What a search for settings has found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from counterpoint.experiments.tuning.space import Space
from counterpoint.experiments.tuning.sweep import Sweep

if TYPE_CHECKING:
    from optuna import Study

ENOUGH = 12
"""From so many complete trials on it is said which settings mattered."""


@dataclass(frozen=True)
class Found:
    """The best of the trials that were done to their end.

    Attributes:
        settings: every one that was searched, by key.
        score: of the validation rows of all clients, after the last round.
        number: of the trial; 0 is that of the settings as they are without a search.
        usual: the score of these.
        done: trials to their end,
        pruned: given up before it,
        failed: and failed.
        importance: by key, the share of the differences between trials that the setting explains; empty where there are
            too few trials to tell.
    """

    settings: Mapping[str, Any]
    score: float
    number: int
    usual: float
    done: int
    pruned: int
    failed: int
    importance: Mapping[str, float] = field(default_factory=dict)

    @property
    def trials(self) -> int:
        """All of them."""
        return self.done + self.pruned + self.failed


def best(sweep: Sweep, study: "Study") -> Found | None:
    """The best trial, of equal ones the first; None where none was done to its end."""
    from optuna.trial import TrialState

    trials = study.get_trials(deepcopy=False)
    done = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    if not done:
        return None
    sign = -1 if sweep.objective.direction == "maximize" else 1
    first = min(done, key=lambda trial: (sign * (trial.value or 0.0), trial.number))
    settings = first.user_attrs["settings"] if first.number else sweep.before
    return Found(
        settings,
        first.value or 0.0,
        first.number,
        next(trial.value or 0.0 for trial in done if trial.number == 0),
        len(done),
        sum(trial.state == TrialState.PRUNED for trial in trials),
        sum(trial.state == TrialState.FAIL for trial in trials),
        _importance(sweep.space, study) if len(done) >= ENOUGH else {},
    )


def _importance(space: Space, study: "Study") -> dict[str, float]:
    """By PED-ANOVA. A setting that is 0 or a number counts as one."""
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    shares = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    found = {key: sum(share for name, share in shares.items() if name.partition(" ")[0] == key) for key in space}
    return dict(sorted(found.items(), key=lambda item: -item[1]))
