"""Cells of the tables."""

from collections.abc import Mapping

from counterpoint.experiments import Results
from counterpoint.experiments.condition import Condition
from counterpoint.experiments.outcome import OBSERVED, Where
from counterpoint.experiments.statistics import holm, mean_of, paired
from counterpoint.experiments.variant import Variant


def score(
    results: Results,
    variant: Variant,
    condition: Condition,
    where: Where = "held-out",
    measure: str = "",
    pattern: str = OBSERVED,
) -> str:
    """Mean and sample standard deviation over seeds in percent; a dash where not every run has the score."""
    return told(results, results.scores(variant, condition, where, measure, pattern))


def told(results: Results, values: Mapping[int, float]) -> str:
    """As `score`, of values by seed."""
    if len(values) < len(results.comparison.seeds):
        return "–"
    found = mean_of([100 * value for value in values.values()])
    return f"{found.mean:.1f} ± {found.std:.1f}"


def gain(results: Results, variant: Variant, whole: Condition, parts: list[Condition]) -> str:
    """All modalities minus the best single one (of the mean over seeds), seed by seed."""
    single = [results.scores(variant, part) for part in parts]
    best = max(range(len(parts)), key=lambda i: mean_of(list(single[i].values())).mean)
    found = paired(results.scores(variant, whole), single[best])
    assert found is not None
    return f"{100 * found.mean:+.1f} ± {100 * (found.std or 0):.1f} over {', '.join(parts[best].options['modalities'])}"


def differences(results: Results, condition: Condition, base: Variant) -> dict[str, str]:
    """By label of a row, its difference to another row."""
    others = [v for v in results.comparison.variants if v is not base]
    found = [paired(results.scores(v, condition), results.scores(base, condition)) for v in others]
    adjusted = holm([None if one is None else one.p for one in found])
    cells = {
        v.label: difference(None if d is None else d.mean, p) for v, d, p in zip(others, found, adjusted, strict=True)
    }
    return {base.label: "", **cells}


def difference(mean: float | None, p: float | None) -> str:
    """A difference in points, bold where it is unlikely to be chance."""
    if mean is None:
        return "–"
    text = f"{100 * mean:+.1f}" + ("" if p is None else f" (p {p:.2f})")
    return f"**{text}**" if p is not None and p < 0.05 else text
