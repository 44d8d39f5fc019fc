"""Rows of each client's own that it does not train on, to measure by."""

from dataclasses import replace

import torch
from torch import Tensor

from counterpoint.data.population import ClientData, Population
from counterpoint.data.samples import Samples
from counterpoint.errors import UserError
from counterpoint.randomness import generator


def hold_out(population: Population, share: float, seed: int) -> Population:
    """The same population; of every client about that share of the training rows is `held`, and not in `train`.

    Natural units are taken whole, in an order drawn with the key (seed, client, "hold out"), until there are rows
    enough. At least one unit is held and one is left; a client of a single unit holds none.

    Args:
        population: of a run.
        share: in [0, 1); of 0 nothing is held.
        seed: of the run.

    Raises:
        UserError: the share is out of range.
    """
    if not 0 <= share < 1:
        raise UserError(f"hold_out={share:g}: the share of the training rows must be a number from 0 to below 1.")
    if not share:
        return population
    return replace(population, clients=tuple(_of(client, share, seed) for client in population.clients))


def _of(client: ClientData, share: float, seed: int) -> ClientData:
    hidden = client.unlabelled
    unit = torch.cat([client.train.unit, *([] if hidden is None else [hidden.unit])])
    units, which, sizes = torch.unique(unit, return_inverse=True, return_counts=True)
    if len(units) < 2:
        return client
    order = torch.randperm(len(units), generator=generator(seed, "client", client.id, "hold out"))
    before = sizes[order].cumsum(0) - sizes[order]
    taken = torch.zeros(len(units), dtype=torch.bool)
    taken[order] = before < share * len(unit)
    taken[order[0]], taken[order[-1]] = True, False
    held = taken[which]
    cut = len(client.train)
    return replace(
        client,
        train=_rows(client.train, ~held[:cut]),
        unlabelled=None if hidden is None else _rows(hidden, ~held[cut:]),
        held=_rows(client.inputs, held),
    )


def _rows(samples: Samples, mask: Tensor) -> Samples:
    return samples.rows(mask.nonzero().flatten())
