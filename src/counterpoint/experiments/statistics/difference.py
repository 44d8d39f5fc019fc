"""Whether one method differs from another that met the same seeds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from counterpoint.experiments.statistics.distributions import distributions
from counterpoint.experiments.statistics.mean import mean_of


@dataclass(frozen=True)
class Difference:
    """Differences of two rows of scores, seed by seed.

    Attributes:
        mean: of the differences.
        std: their sample standard deviation; None for one seed.
        n: how many seeds both have.
        low: lower end of the 95 % t interval for the mean difference; None for one seed.
        high: its upper end.
        p: two-sided, of the paired t test; None for one seed.
    """

    mean: float
    std: float | None
    n: int
    low: float | None
    high: float | None
    p: float | None


def paired(a: Mapping[int, float], b: Mapping[int, float]) -> Difference | None:
    """`a - b` over the seeds that both have, None where there is none.

    With equal seeds both methods start from the same weights and meet the same missing modalities, so their scores rise
    and fall together and the difference varies less than either. The test assumes that differences are normal, which a
    handful of seeds can neither show nor refute. If all differences are equal, p is 1 where they are 0, and else 0.

    Args:
        a: scores by seed.
        b: the same of the other.

    Raises:
        UserError: scipy is not installed.
    """
    seeds = sorted(a.keys() & b.keys())
    if not seeds:
        return None
    over = mean_of(a[seed] - b[seed] for seed in seeds)
    return Difference(over.mean, over.std, over.n, over.low, over.high, _p(over.mean, over.std, over.n))


def _p(mean: float, std: float | None, n: int) -> float | None:
    if std is None:
        return None
    if std == 0:
        return 1.0 if mean == 0 else 0.0
    return min(1.0, 2 * float(distributions().t.sf(abs(mean) * math.sqrt(n) / std, n - 1)))


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """p values adjusted by Holm: to call those below 0.05 significant errs once in twenty families, at most.

    The k-th smallest of m is multiplied by m - k + 1; none becomes smaller than one before it, or larger than 1.

    Args:
        ps: of one family of tests; None where a test could not be done, which does not count.

    Returns:
        Adjusted values, in the order given.
    """
    adjusted: list[float | None] = [None] * len(ps)
    tested = sorted((p, place) for place, p in enumerate(ps) if p is not None)
    least = 0.0
    for before, (p, place) in enumerate(tested):
        least = max(least, min(1.0, (len(tested) - before) * p))
        adjusted[place] = least
    return adjusted
