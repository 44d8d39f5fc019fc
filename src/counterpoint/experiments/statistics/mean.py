"""A mean, and how far it can be trusted."""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from counterpoint.experiments.statistics.distributions import distributions

CONFIDENCE = 0.95
"""Of every interval."""


@dataclass(frozen=True)
class Mean:
    """A mean of values that were drawn alike.

    Attributes:
        mean: of the values.
        std: sample standard deviation (divisor n - 1); None for one value.
        n: how many values.
        low: lower end of the 95 % t interval for the mean; None for one value.
        high: its upper end.
    """

    mean: float
    std: float | None
    n: int
    low: float | None
    high: float | None


def mean_of(values: Iterable[float]) -> Mean:
    """Mean, spread and 95 % interval: `mean ± t(0.975, n - 1) std / sqrt(n)`.

    The interval says where the mean over many more seeds would lie; it says nothing about other data.

    Raises:
        ValueError: there is no value.
        UserError: scipy is not installed.
    """
    found = list(values)
    if not found:
        raise ValueError("there is no mean of no values")
    mean, n = statistics.mean(found), len(found)
    if n == 1:
        return Mean(mean, None, n, None, None)
    std = statistics.stdev(found)
    reach = float(distributions().t.ppf((1 + CONFIDENCE) / 2, n - 1)) * std / math.sqrt(n)
    return Mean(mean, std, n, mean - reach, mean + reach)
