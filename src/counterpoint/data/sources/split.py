"""Holding out natural units, the same ones for ever."""

import torch
from torch import Tensor

from counterpoint.randomness import fold_key


def held_out(unit: Tensor, label: Tensor, share: float, name: str) -> Tensor:
    """Which rows are held out: of the units of each class the nearest whole number to `share` of them.

    The order of units is that of a hash, not of a random generator, so that it is the same under every version of every
    library, and no seed of a run changes who is tested.

    Args:
        unit: int64 [rows]; all rows of a unit are on one side.
        label: int64 [rows]; a unit counts to the class of its first row.
        share: of the units of each class, from 0 to 1.
        name: of the data set, so that no two share their order.

    Returns:
        bool [rows].
    """
    units, inverse = torch.unique(unit, return_inverse=True)
    first = torch.full((len(units),), len(unit)).scatter_reduce(0, inverse, torch.arange(len(unit)), "amin")
    of_unit = label[first]
    chosen = torch.zeros(len(units), dtype=torch.bool)
    for own in torch.unique(of_unit):
        places = (of_unit == own).nonzero().flatten().tolist()
        places.sort(key=lambda place: fold_key(0, name, "held out", int(units[place])))
        chosen[places[: round(share * len(places))]] = True
    return chosen[inverse]
