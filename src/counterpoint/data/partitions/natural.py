"""The natural partition: who owns rows in reality is a client."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from counterpoint.data.partitions import summary
from counterpoint.data.partitions.cells import splits
from counterpoint.data.partitions.holdout import hold_out
from counterpoint.data.partitions.share import LEAST_TEST, LEAST_TRAIN, Share, Summary, check_clients
from counterpoint.data.population import Dataset, Side
from counterpoint.errors import UserError
from counterpoint.randomness import generator


@dataclass(frozen=True)
class Natural:
    """Each owner with at least LEAST_TRAIN training and LEAST_TEST test rows is a client, in order of `owners`.

    Where the test is still to be drawn, these are the owners whose units can be parted so. With fewer clients asked for
    than there are, the seed decides which owners take part.
    """

    spec: str = "natural"

    def deal(self, dataset: Dataset, clients: int | None, seed: int) -> tuple[list[Share], Summary]:
        """See `Partition.deal`.

        Raises:
            UserError: all rows have one owner, or more clients are asked for than there are owners with enough rows.
        """
        check_clients(clients)
        train, test = (dataset.side == side for side in (Side.TRAIN, Side.CLIENT_TEST))
        having = np.unique(dataset.owner[train | test].numpy())
        if len(having) == 1 and clients != 1:
            raise UserError(
                f"{dataset.name} has only one natural client ({dataset.owners[having[0]]}): "
                f"use partition dirichlet:0.5."
            )
        declared = bool(test.any())
        able = _able_as_declared(dataset) if declared else _able_by_units(dataset)
        stuck: list[int] = []
        while True:
            owners = _choose(dataset, able, clients, seed)
            if declared:
                shares = [_share(dataset, owner, test) for owner in owners.tolist()]
            else:
                shares, stuck = _with_tests_drawn(dataset, owners, seed)
            if not stuck:
                break
            able = able[~torch.isin(able, owners[stuck])]
        told = {"natural clients": len(shares), "owners with too few rows": len(having) - len(able)}
        return shares, {**told, **summary.sizes(shares), **({} if declared else summary.tested(dataset, shares))}


def _able_as_declared(dataset: Dataset) -> Tensor:
    train, test = (
        dataset.owner[dataset.side == side].bincount(minlength=len(dataset.owners))
        for side in (Side.TRAIN, Side.CLIENT_TEST)
    )
    return ((train >= LEAST_TRAIN) & (test >= LEAST_TEST)).nonzero().flatten()


def _able_by_units(dataset: Dataset) -> Tensor:
    train = dataset.side == Side.TRAIN
    owned = torch.stack([dataset.owner[train], dataset.samples.unit[train]]).numpy()
    pairs, rows = np.unique(owned, axis=1, return_counts=True)
    owners, starts = np.unique(pairs[0], return_index=True)
    by_owner = zip(owners.tolist(), np.split(rows, starts[1:]), strict=False)
    return torch.tensor([owner for owner, sizes in by_owner if splits(sizes)], dtype=torch.long)


def _choose(dataset: Dataset, able: Tensor, clients: int | None, seed: int) -> Tensor:
    wanted = len(able) if clients is None else clients
    condition = f"at least {LEAST_TRAIN} training and {LEAST_TEST} test rows"
    if not len(able):
        raise UserError(f"{dataset.name} has no natural client (owner with {condition}): use partition dirichlet:0.5.")
    if wanted > len(able):
        raise UserError(
            f"clients={wanted}: {dataset.name} has {len(able)} natural clients (owners with {condition}): ask for no "
            f"more, or use partition dirichlet:0.5."
        )
    if wanted == len(able):
        return able
    chosen = torch.randperm(len(able), generator=generator(seed, "partition", "natural"))[:wanted]
    return able[chosen.sort().values]


def _with_tests_drawn(dataset: Dataset, owners: Tensor, seed: int) -> tuple[list[Share], list[int]]:
    """The shares of these owners, and the places of those that no test could be drawn for."""
    rows = ((dataset.side == Side.TRAIN) & torch.isin(dataset.owner, owners)).nonzero().flatten()
    client = torch.searchsorted(owners, dataset.owner[rows]).numpy()
    unit, label = dataset.samples.unit[rows].numpy(), dataset.samples.label[rows].numpy()
    drawn, stuck = hold_out(client, unit, label, len(owners), seed)
    test = torch.zeros(len(dataset.owner), dtype=torch.bool)
    test[rows] = torch.from_numpy(drawn)
    return [_share(dataset, owner, test) for owner in owners.tolist()], stuck


def _share(dataset: Dataset, owner: int, test: Tensor) -> Share:
    own = dataset.owner == owner
    train = own & (dataset.side == Side.TRAIN) & ~test
    return Share(dataset.owners[owner], train.nonzero().flatten(), (own & test).nonzero().flatten())
