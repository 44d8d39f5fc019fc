"""What it took to find settings, for whoever has to believe them."""

import platform
from importlib import metadata
from typing import Any

from counterpoint.experiments.tuning.found import Found
from counterpoint.experiments.tuning.sweep import Sweep

PACKAGES = ("counterpoint", "optuna", "torch")


def budget_of(sweep: Sweep, found: Found) -> dict[str, Any]:
    """Trials, rounds, seed, data, space and scores of a search, and what it was done with, as plain values."""
    config = sweep.usual
    data = config.data.model_dump(mode="json", exclude_none=True)
    return {
        "trials": found.trials,
        "done": found.done,
        "pruned": found.pruned,
        "failed": found.failed,
        "batch": sweep.batch,
        "rounds": config.rounds,
        "participation": config.participation,
        "seed": sweep.seed,
        "measure": sweep.condition.measure,
        "score": found.score,
        "score_of_defaults": found.usual,
        "trial": found.number,
        "engine": config.engine,
        "data": {key: value for key, value in data.items() if value not in ({}, [], 0.0)},
        "space": {key: one.text for key, one in sweep.space.items()},
        "versions": {**{name: metadata.version(name) for name in PACKAGES}, "python": platform.python_version()},
    }
