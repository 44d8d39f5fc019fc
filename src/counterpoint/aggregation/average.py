"""Averaging models block by block over the clients that own each block."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from counterpoint.exchange.layout import Tensors
from counterpoint.exchange.many import Many
from counterpoint.exchange.package import Weights

W = TypeVar("W", bound=Weights)


class BlockAverage:
    """A weighted mean that takes uploads as they come: sum_i n_i v_i / sum_i n_i of every tensor over its holders.

    Sums are kept in double precision and rounded to the values' type once, so that equal values average to themselves,
    bit for bit. Integers (counters in buffers) become their maximum. What weighs nothing is left out.
    """

    def __init__(self) -> None:
        self._sums: Tensors = {}
        self._kinds: dict[str, torch.dtype] = {}
        self._weights: dict[str, float] = {}
        self._holders: dict[str, int] = {}

    def add(self, tensors: Mapping[str, Tensor], weights: Tensor) -> None:
        """Take the uploads of some clients.

        Args:
            tensors: by name, [clients, *shape].
            weights: n_i, [clients], not negative.
        """
        n = weights.detach().to(torch.float64)
        total, holders = float(n.sum()), int((n > 0).sum())
        if not holders:
            return
        for name, value in tensors.items():
            self._put(name, value, n.to(value.device), bool(holders == len(n)))
            self._weights[name] = self._weights.get(name, 0.0) + total
            self._holders[name] = self._holders.get(name, 0) + holders

    def _put(self, name: str, value: Tensor, n: Tensor, all_weigh: bool) -> None:
        if not all_weigh:
            value, n = value[n > 0], n[n > 0]
        self._kinds[name] = value.dtype
        so_far = self._sums.get(name)
        if not value.is_floating_point():
            most = value.amax(0)
            self._sums[name] = most if so_far is None else torch.maximum(so_far, most)
            return
        share = torch.tensordot(n, value.double(), 1)
        self._sums[name] = share if so_far is None else so_far.add_(share)

    def holders(self, name: str) -> int:
        """How many uploads that weigh anything held a tensor."""
        return self._holders.get(name, 0)

    def over(self, current: Tensors) -> Tensors:
        """The averages, and of what nobody uploaded the very tensor that is given."""
        return {name: self._mean(name) if name in self._sums else value for name, value in current.items()}

    def _mean(self, name: str) -> Tensor:
        value = self._sums[name]
        kind = self._kinds[name]
        return (value / self._weights[name]).to(kind) if kind.is_floating_point else value


def block_average(
    current: Tensors, uploads: Iterable[Weights] | Iterable[Many[W]], weights: Sequence[float] | None = None
) -> Tensors:
    """The average of the uploads, each block over those that hold it.

    w_b <- sum_{i owns b} n_i w_{b,i} / sum_{i owns b} n_i. A block that nobody uploaded stays as it was.

    Args:
        current: the server's tensors.
        uploads: as `fed.visit` returns them or `fed.stream` yields them.
        weights: n_i of each client in order; the numbers of samples where None.

    Raises:
        ValueError: an upload does not say how many samples it stands for, and no weights are given; or there is not
            one weight for each upload.
    """
    average = BlockAverage()
    seen = 0
    for upload in uploads:
        many = upload if isinstance(upload, Many) else Many.of_one(upload)
        if weights is not None:
            chosen = torch.tensor(list(weights[seen : seen + len(many)]), dtype=torch.float64)
            if len(chosen) != len(many):
                raise ValueError("there must be one weight for each upload")
        elif many.together.samples is None:
            raise ValueError("an upload that is averaged by samples must say how many there were")
        else:
            chosen = many.together.samples
        average.add(many.together.weights, chosen)
        seen += len(many)
    return average.over(current)
