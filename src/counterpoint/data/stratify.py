"""Choosing some of many so that their labels are in proportion."""

import torch
from torch import Tensor


def stratified(label: Tensor, count: int, order: Tensor) -> Tensor:
    """Choose exactly `count`, of each label as many as its share of all, to a whole number by largest remainder.

    Of one label those are chosen that come first in `order`, and of labels with equal remainders the one that comes
    first there. So the choice looks at labels for two things only: how many of each there are, and what the labels are
    of those that come no later than the last that is chosen. Other labels may be exchanged among each other, and the
    choice is the same.

    Args:
        label: int64 [n].
        count: from 0 to n.
        order: int64 [n], different numbers from 0 that have nothing to do with labels.

    Returns:
        bool [n].
    """
    if not len(label):
        return torch.zeros(0, dtype=torch.bool)
    _, which, sizes = torch.unique(label, return_inverse=True, return_counts=True)
    numbers = int(order.max()) + 1
    first = torch.full_like(sizes, numbers).scatter_reduce(0, which, order, "amin")
    quota, remainder = count * sizes // len(label), count * sizes % len(label)
    rounded_up = (first - remainder * numbers).argsort()[: count - int(quota.sum())]
    quota[rounded_up] += 1
    lined_up = (which * numbers + order).argsort()
    place = torch.arange(len(label)) - (sizes.cumsum(0) - sizes)[which[lined_up]]
    chosen = torch.zeros(len(label), dtype=torch.bool)
    chosen[lined_up] = place < quota[which[lined_up]]
    return chosen
