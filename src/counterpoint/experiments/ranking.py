"""Ranks of a comparison's methods over its data."""

from dataclasses import asdict
from statistics import fmean
from typing import Any

from counterpoint.experiments.outcome import Results, better
from counterpoint.experiments.statistics import ranks
from counterpoint.experiments.statistics.ranks import FEWEST_BLOCKS, FEWEST_ROWS


def ranking(results: Results) -> tuple[dict[str, Any] | None, str]:
    """Ranks of the methods by their mean score on the global test, and else why there are none.

    On each data set the mean is over the seeds that all methods have which have any, so that none is ranked by luckier
    seeds. A method that has no score on some data, where others have one, is left out; data that nobody has a score on
    are left out too.

    Returns:
        What `statistics.ranks` says as plain values, with `seeds` by data, `left_out` (methods) and `data_sets` (how
        many different ones; the same data dealt out in several ways are not independent); or None and a sentence.

    Raises:
        UserError: scipy is not installed.
    """
    variants, conditions = results.comparison.variants, results.comparison.conditions
    means: dict[str, dict[str, float]] = {variant.label: {} for variant in variants}
    seeds: dict[str, list[int]] = {}
    for condition in conditions:
        scores = {variant.label: results.scores(variant, condition) for variant in variants}
        scored = {label: values for label, values in scores.items() if values}
        common = sorted(set.intersection(*map(set, scored.values()))) if scored else []
        if common:
            seeds[condition.label] = common
            for label, values in scored.items():
                means[label][condition.label] = fmean(values[seed] for seed in common)
    lower = {c.label: better(c.measure) == "lower" for c in conditions if c.label in seeds}
    found = ranks(means, lower)
    if found is None:
        return None, _why_not(len(lower), sum(len(of) == len(lower) for of in means.values()))
    return {
        **asdict(found),
        "blocks": list(found.blocks),
        "groups": [list(group) for group in found.groups],
        "seeds": seeds,
        "data_sets": len({c.data for c in conditions if c.label in seeds}),
        "left_out": [label for label in means if label not in found.mean_rank],
    }, ""


def _why_not(columns: int, rows: int) -> str:
    if columns < FEWEST_BLOCKS:
        return f"ranks need scores on {FEWEST_BLOCKS} data sets or more, and there are {columns}"
    return f"ranks need {FEWEST_ROWS} methods or more with scores on all data, and there are {rows}"
