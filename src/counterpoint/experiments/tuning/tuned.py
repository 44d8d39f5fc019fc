"""The settings that a comparison grants its methods: what a search finds for each, or what a profile says."""

from counterpoint.errors import UserError
from counterpoint.experiments.case import Tuned, key
from counterpoint.experiments.comparison import Comparison
from counterpoint.experiments.store import Store
from counterpoint.experiments.tuning.conduct import Observer, conduct
from counterpoint.experiments.tuning.profiles import data_profile, methods_in, profile_settings
from counterpoint.experiments.tuning.study import Study
from counterpoint.experiments.tuning.sweep import Sweep

FIRST_SEED = 10_000
"""Searches of a comparison take the first seed from here on that it does not compare with."""


def tuned_settings(comparison: Comparison, store: Store, *, jobs: int, observer: Observer | None = None) -> Tuned:
    """Settings by (label of a variant, label of a condition), for `cases` and `Store.write_tuned`.

    Every variant has a search of `comparison.tune` trials on every condition: the same number, the same rounds, the
    same seed, and so the same clients and validation rows. What a variant names itself is not searched. The seed is
    none of the comparison's, so that no search sees the very draw on which methods are compared; but where the source
    of the data declares no tests of clients, these are drawn anew for each seed, and a row that one seed tests a client
    on may be one that the search has trained on. The global test is never seen.

    A search whose first trial fails finds nothing: the runs of its variant fail in the same way, and say why.

    Args:
        comparison: what is compared.
        store: its folder; searches are kept in it and go on where they were left.
        jobs: processes.
        observer: who looks on at the searches.

    Raises:
        Stopped: Ctrl-C or SIGTERM; the same trials go on where they were saved.
        UserError: no method has settings in the profile; something is unknown or out of range.
    """
    if comparison.tune and comparison.profile:
        raise UserError(
            f"tune={comparison.tune} and profile={comparison.profile!r} both say settings: give one of them"
        )
    if comparison.profile:
        return _of_profile(comparison)
    if not comparison.tune:
        return {}
    sweeps = sweeps_of(comparison)
    with store.alone():
        studies = [Study(sweep, store.tuning / sweep.own_name) for sweep in sweeps.values()]
        found = conduct(studies, jobs=jobs, observer=observer)
    return {cell: one.settings for cell, one in zip(sweeps, found, strict=True) if one is not None}


def sweeps_of(comparison: Comparison) -> dict[tuple[str, str], Sweep]:
    """The searches of a comparison, by cell of the table.

    Raises:
        UserError: a setting is unknown or out of range.
    """
    seed = next(n for n in range(FIRST_SEED, FIRST_SEED + len(comparison.seeds) + 1) if n not in comparison.seeds)
    return {
        key(variant, condition): Sweep.of(variant, condition, comparison.tune, seed=seed)
        for condition in comparison.conditions
        for variant in comparison.variants
    }


def _of_profile(comparison: Comparison) -> Tuned:
    found = {}
    for condition in comparison.conditions:
        name = data_profile(comparison.profile, condition.data)
        for variant in comparison.variants:
            settings = profile_settings(name, variant.method, variant.label)
            if settings is not None:
                found[key(variant, condition)] = settings
    if not found:
        name = data_profile(comparison.profile, comparison.conditions[0].data)
        known = ", ".join(methods_in(name)) or "no method at all"
        raise UserError(f"profile {name!r} has settings for none of the methods, but for {known}")
    return found
