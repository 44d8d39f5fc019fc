"""Optuna's part of a search: the file in which it is kept, where the next trial looks, which trials are given up."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from counterpoint.errors import UserError
from counterpoint.experiments.tuning.sweep import Sweep
from counterpoint.randomness import fold_key

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import TPESampler
    from optuna.storages import JournalStorage

STARTUP = 8
"""Trials that are drawn by chance, before what is known of others says where to look."""
LEAST_COMPLETE = 4
"""Trials that must be complete before any is given up."""
WARM_UP = 1 / 3
"""Share of the rounds before which no trial is given up."""


def opened(path: Path, sweep: Sweep) -> "Study":
    """The study in a journal, new or as it was left.

    A trial is given up where its best score so far is worse than the median of the complete trials after as many
    rounds.

    Raises:
        UserError: the journal is damaged.
    """
    import optuna

    warm_up = max(1, math.ceil(sweep.usual.rounds * WARM_UP))
    try:
        return optuna.create_study(
            study_name="sweep",
            storage=_storage(path),
            pruner=optuna.pruners.MedianPruner(LEAST_COMPLETE, n_warmup_steps=warm_up),
            direction=sweep.objective.direction,
            load_if_exists=True,
        )
    except (ValueError, KeyError) as error:
        raise UserError(f"{path} is damaged ({error}): delete {path.parent} to search anew") from error


def sampler(seed: int, number: int) -> "TPESampler":
    """What chooses the settings of a trial. Chance is keyed by its number, so that it is the same after a restart."""
    from optuna.samplers import TPESampler

    key = fold_key(seed, "tuning", number) % 2**32
    return TPESampler(n_startup_trials=STARTUP, multivariate=False, constant_liar=True, seed=key)


def _storage(path: Path) -> "JournalStorage":
    """The file, for the one process that may work with it.

    What a killed process left is put right: a lock that nobody holds is taken away, and a last line that was not
    written to its end is cut off, so that nothing is written behind it.
    """
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    path.with_name(f"{path.name}.lock").unlink(missing_ok=True)
    if path.exists():
        with path.open("rb+") as file:
            written = file.read()
            file.truncate(written.rfind(b"\n") + 1)
    return JournalStorage(JournalFileBackend(str(path)))
