"""Averaging models block by block over the clients that own each block."""

from collections.abc import Sequence

import torch
from torch import Tensor

from counterpoint.exchange.layout import Tensors
from counterpoint.exchange.package import Weights


def weighted_mean(values: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """sum_i n_i v_i / sum_i n_i in double precision, in the given order, rounded to the values' type once.

    Equal values therefore average to themselves, bit for bit. Integers (counters in buffers) become their maximum.

    Args:
        values: at least one, of equal shape.
        weights: n_i, not negative, not all zero.
    """
    first = values[0]
    if not first.is_floating_point():
        return torch.stack(list(values)).amax(0)
    total = sum(weights)
    mean = torch.zeros_like(first, dtype=torch.float64)
    for value, weight in zip(values, weights, strict=True):
        mean.add_(value, alpha=weight / total)
    return mean.to(first.dtype)


def sample_weights(uploads: Sequence[Weights]) -> list[float]:
    """n_i of each upload: how many samples trained it."""
    counts = [upload.samples for upload in uploads]
    if any(count is None for count in counts):
        raise ValueError("an upload that is averaged by samples must say how many there were")
    return [float(count) for count in counts if count is not None]


def block_average(current: Tensors, uploads: Sequence[Weights], weights: Sequence[float] | None = None) -> Tensors:
    """The average of the uploads, each block over those that hold it.

    w_b <- sum_{i owns b} n_i w_{b,i} / sum_{i owns b} n_i. A block that nobody uploaded stays as it was.

    Args:
        current: the server's tensors.
        uploads: sorted by client, as `fed.visit` returns them.
        weights: n_i; the numbers of samples where None.
    """
    chosen = sample_weights(uploads) if weights is None else list(weights)
    result: Tensors = {}
    for name, value in current.items():
        holders = [(u.weights[name], n) for u, n in zip(uploads, chosen, strict=True) if name in u.weights and n > 0]
        result[name] = weighted_mean(*zip(*holders, strict=True)) if holders else value
    return result
