"""Presence as a matrix, and the removal of what is absent, so that nothing can read it."""

import torch
from torch import Tensor

from counterpoint.data.population import ClientData
from counterpoint.data.samples import Samples


def presence(samples: Samples) -> Tensor:
    """Tell who has what: bool [rows, modalities], columns in the order of `samples.modalities`."""
    return torch.stack([samples.present[m] for m in samples.modalities], dim=1)


def conceal(samples: Samples, kept: Tensor) -> Samples:
    """Keep only some modalities of each row: all other values are overwritten with zero.

    Args:
        samples: the rows.
        kept: bool [rows, modalities], columns in the order of `samples.modalities`.
    """
    present = {m: kept[:, i].clone() for i, m in enumerate(samples.modalities)}
    x = {m: v.masked_fill(~present[m].view(-1, *[1] * (v.dim() - 1)), 0.0) for m, v in samples.x.items()}
    return Samples(x, present, samples.label, samples.unit)


def owned_only(client: ClientData) -> ClientData:
    """Drop the modalities that no training row of a client shows, then the rows that show none of the others."""
    train, test = client.train, client.test
    for m in client.modalities:
        if not train.present[m].any():
            train, test = train.without(m), test.without(m)
    return ClientData(client.id, client.name, nonempty(train), nonempty(test))


def nonempty(samples: Samples) -> Samples:
    """Drop the rows that have no modality at all."""
    return samples.rows(presence(samples).any(dim=1).nonzero().flatten())
