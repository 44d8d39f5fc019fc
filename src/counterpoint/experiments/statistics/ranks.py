"""Whether methods differ over many data sets: ranks, after Demsar (2006)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from counterpoint.experiments.statistics.distributions import distributions

LEVEL = 0.05
FEWEST_ROWS, FEWEST_BLOCKS = 3, 2


@dataclass(frozen=True)
class Ranks:
    """Ranks of rows over blocks, 1 for the best.

    Attributes:
        mean_rank: by row, the best first.
        friedman_p: that all rows are alike. It is taken from the chi-squared distribution, which is rough below about
            ten blocks.
        critical_difference: of two mean ranks, by Nemenyi at 0.05: rows that lie closer are not told apart.
        groups: rows that are not told apart, each group as large as it can be, the best first; a row that is told apart
            from all others is in none.
        blocks: over which was ranked.
    """

    mean_rank: Mapping[str, float]
    friedman_p: float
    critical_difference: float
    groups: Sequence[tuple[str, ...]]
    blocks: Sequence[str]


def ranks(scores: Mapping[str, Mapping[str, float]], lower_is_better: Mapping[str, bool]) -> Ranks | None:
    """Mean ranks, the Friedman test and the Nemenyi critical difference.

    `CD = q sqrt(k (k + 1) / (6 N))` for k rows and N blocks; q is the 0.95 quantile of the studentized range of k means
    with infinitely many degrees of freedom, over sqrt 2. Rows that tie in a block share their ranks.

    The tests take blocks for independent: data sets are; one data set dealt out in several ways is not.

    Args:
        scores: by row, by block. A row that lacks a block is left out.
        lower_is_better: by block, whether its lowest score is the best. Its keys are the blocks.

    Returns:
        None with fewer than 3 rows or 2 blocks.

    Raises:
        UserError: scipy is not installed.
    """
    blocks = list(lower_is_better)
    rows = [row for row, of in scores.items() if all(block in of for block in blocks)]
    if len(rows) < FEWEST_ROWS or len(blocks) < FEWEST_BLOCKS:
        return None
    losses = {row: [scores[row][b] if lower_is_better[b] else -scores[row][b] for b in blocks] for row in rows}
    within = [distributions().rankdata([losses[row][number] for row in rows]) for number in range(len(blocks))]
    mean_rank = {row: fmean(float(ranked[place]) for ranked in within) for place, row in enumerate(rows)}
    ordered = dict(sorted(mean_rank.items(), key=lambda item: item[1]))
    critical = critical_difference(len(rows), len(blocks))
    return Ranks(ordered, _friedman(list(losses.values())), critical, _groups(ordered, critical), tuple(blocks))


def critical_difference(rows: int, blocks: int) -> float:
    """How far two mean ranks must lie apart, by Nemenyi at 0.05."""
    quantile = float(distributions().studentized_range.ppf(1 - LEVEL, rows, math.inf)) / math.sqrt(2)
    return quantile * math.sqrt(rows * (rows + 1) / (6 * blocks))


def _friedman(losses: Sequence[Sequence[float]]) -> float:
    if all(len(set(block)) == 1 for block in zip(*losses, strict=True)):
        return 1.0
    return float(distributions().friedmanchisquare(*losses).pvalue)


def _groups(mean_rank: Mapping[str, float], critical: float) -> list[tuple[str, ...]]:
    """Stretches of rows in order, closer than the critical difference, none within another."""
    rows, values = list(mean_rank), list(mean_rank.values())
    found: list[tuple[str, ...]] = []
    reached = 0
    for first, value in enumerate(values):
        after = next((place for place in range(first, len(rows)) if values[place] - value >= critical), len(rows))
        if after > max(reached, first + 1):
            found.append(tuple(rows[first:after]))
        reached = max(reached, after)
    return found
