"""From shares to whole numbers of pieces, by largest remainders."""

import numpy as np

from counterpoint.data.partitions.cells import Floats, Ints


def share_of(log_weight: Floats) -> Floats:
    """Logarithm of each client's share of a cell: its weight over the sum of all weights.

    Args:
        log_weight: [cells, clients], below +inf; -inf is a weight of 0. Nothing underflows in logarithms.

    Returns:
        [cells, clients]; -inf throughout a cell all of whose weights are 0.
    """
    largest = log_weight.max(axis=1, keepdims=True)
    log_weight = log_weight - np.where(np.isfinite(largest), largest, 0)
    with np.errstate(divide="ignore"):
        total = np.log(np.exp(log_weight).sum(axis=1, keepdims=True))
    return log_weight - np.where(np.isfinite(largest), total, 0)


def apportion(
    share: Floats, sizes: Ints, log_share: Floats, chain: Ints, rng: np.random.Generator | None = None
) -> Ints:
    """Whole numbers [cells, clients] that sum to `sizes` in each cell and differ from share * sizes by at most 1.

    What remains after rounding down goes, one each, to the clients with the largest remainders; among equal ones to
    those with the largest `log_share`. Cells of one chain are shared alike: a remainder that a client was not given is
    added to its remainder in the next cell (one that it was given too much of is taken off), so that many small cells
    do not all go to the same clients. In the first cell of a chain, where nothing tells clients with equal remainders
    apart and small ones would never have their turn, a generator may decide: each client's chance is its remainder.

    Args:
        share: [cells, clients], each cell's sum to 1.
        sizes: [cells].
        log_share: [cells, clients]; -inf where a client must get nothing.
        chain: [cells], equal in cells of one chain.
        rng: decides in the first cell of each chain; the largest remainders where None.
    """
    quota = share * sizes[:, None]
    counts: Ints = np.floor(quota).astype(np.int64)
    owed: dict[int, Floats] = {}
    for c, link in enumerate(chain.tolist()):
        left = sizes[c] - counts[c].sum()
        if rng is not None and link not in owed:
            chosen = _by_chance(quota[c] - counts[c], left, rng)
        else:
            behind = counts[c] - quota[c] - owed.get(link, 0.0)
            behind[log_share[c] == -np.inf] = np.inf
            chosen = np.lexsort((-log_share[c], behind))[:left]
        counts[c, chosen] += 1
        owed[link] = owed.get(link, 0.0) + quota[c] - counts[c]
    return counts


def _by_chance(remainder: Floats, number: int, rng: np.random.Generator) -> Ints:
    """Draw so many clients, each with the probability of its remainder: at every 1.0 along a row of all remainders."""
    if not number:
        return np.zeros(0, dtype=np.int64)
    order = rng.permutation(len(remainder))
    ends = np.cumsum(np.minimum(remainder[order], 1 - 1e-9))
    marks = np.arange(1, number + 1) - rng.random()
    return order[np.searchsorted(ends / ends[-1] * number, marks)]
