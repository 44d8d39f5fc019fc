"""What is taken out of the training rows before anyone gets them: the proxy set, and the server's labelled rows."""

from dataclasses import replace

import torch
from torch import Tensor

from counterpoint.data.population import Dataset, Side
from counterpoint.data.stratify import stratified
from counterpoint.errors import UserError
from counterpoint.randomness import generator


def set_aside(dataset: Dataset, proxy: float, server: float, seed: int) -> Dataset:
    """The same data set, a share of its training units on side PROXY, and another on side SERVER.

    Natural units are taken whole, with all their training rows whoever owns them, so that no client, and not the other
    of the two sets, has rows of them. A unit that also has rows on another side than TRAIN is never taken: no test
    shares a unit with either set. Units are taken by their labels in proportion, see `stratified`; a unit counts to the
    class of its first training row.

    Args:
        dataset: everything.
        proxy: share of the training units, in [0, 1).
        server: likewise; less than 1 together.
        seed: of the run.

    Raises:
        UserError: a share is out of range, or so small that it takes nothing.
    """
    if not 0 <= proxy < 1:
        raise UserError(f"proxy={proxy:g}: the share of the training rows must be a number from 0 to below 1.")
    if proxy + server >= 1:
        raise UserError(f"proxy={proxy:g} and labels=server:{server:g} leave no training rows for clients: take less.")
    if not proxy and not server:
        return dataset
    units, label, rows = _training_units(dataset)
    side = dataset.side.clone()
    left = torch.ones(len(units), dtype=torch.bool)
    for share, where, what in ((proxy, Side.PROXY, "proxy"), (server, Side.SERVER, "server")):
        count = min(round(share * len(units)), int(left.sum()))
        if share and not count:
            raise UserError(
                f"{what} share {share:g}: of the {len(units)} training units of {dataset.name} this is none; "
                "take a larger share."
            )
        order = torch.randperm(len(units), generator=generator(seed, "set aside", what))
        chosen = torch.zeros(len(units), dtype=torch.bool)
        chosen[left] = stratified(label[left], count, order[left])
        left &= ~chosen
        side[rows[torch.isin(dataset.samples.unit[rows], units[chosen])]] = where
    return replace(dataset, side=side)


def _training_units(dataset: Dataset) -> tuple[Tensor, Tensor, Tensor]:
    """Units that have training rows alone, sorted, the label of each one's first row, and all training rows."""
    unit, train = dataset.samples.unit, dataset.side == Side.TRAIN
    rows = train.nonzero().flatten()
    units, which = torch.unique(unit[rows], return_inverse=True)
    first = torch.full_like(units, len(unit)).scatter_reduce(0, which, rows, "amin")
    alone = ~torch.isin(units, unit[~train])
    return units[alone], dataset.samples.label[first[alone]], rows
