"""Which rows are looked at in which step."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import torch
from torch import Tensor


def evenly(count: int, width: int) -> list[slice]:
    """So many places in parts of about this width, as equal as can be."""
    parts = max(1, round(count / width))
    bounds = [count * part // parts for part in range(parts + 1)]
    return [slice(a, b) for a, b in pairwise(bounds)]


def steps_in(rows: int, batch_size: int, epochs: int) -> int:
    """Steps of that many epochs: the last batch of an epoch may be short."""
    return -(-rows // batch_size) * epochs


def whole_batches(rows: int, size: int) -> int:
    """How many rows whole batches of a size hold; all, where there is not even one."""
    return rows if rows < size else rows - rows % size


def batches(rows: int, batch_size: int, steps: int, generator: torch.Generator) -> list[Tensor]:
    """Row indices of each step: a new order every epoch, drawn from the generator, walked until the steps are used up.

    Args:
        rows: of the split, at least one unless there are no steps.
        batch_size: rows a step.
        steps: how many.
        generator: the client's, for this training.
    """
    plan: list[Tensor] = []
    while len(plan) < steps:
        plan.extend(torch.split(torch.randperm(rows, generator=generator), batch_size))
    return plan[:steps]


@dataclass(frozen=True)
class Plan:
    """The batches of some clients, who are in order of falling numbers of steps.

    Attributes:
        rows: int64 [steps, clients, batch], indices into each one's own rows; zero where there is none.
        mask: bool [steps, clients, batch], where there is one.
        lengths: int64 [steps, clients], how many there are; zero where a client's steps are used up.
    """

    rows: Tensor
    mask: Tensor
    lengths: Tensor

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def active(self) -> list[int]:
        """For each step how many clients still take one."""
        count: list[int] = (self.lengths > 0).sum(1).tolist()
        return count

    @cached_property
    def longest(self) -> list[int]:
        """For each step how many rows the longest batch has."""
        rows: list[int] = self.lengths.amax(1).tolist() if self.lengths.shape[1] else []
        return rows

    def of(self, part: slice) -> "Plan":
        """The batches of a part of the clients, up to the last step that one of them takes."""
        lengths = self.lengths[:, part]
        steps = int((lengths[:, :1] > 0).sum())  # the first client of a part takes the most
        return Plan(self.rows[:steps, part], self.mask[:steps, part], lengths[:steps])


def plan(sizes: Sequence[int], batch_size: int, steps: Sequence[int], seeds: Sequence[int]) -> Plan:
    """The same as `batches` of each client, in one piece.

    Args:
        sizes: rows of each client, in order of falling numbers of steps.
        batch_size: rows a step.
        steps: of each.
        seeds: of each one's generator.
    """
    batch_size = min(batch_size, max(1, max(sizes, default=1)))
    an_epoch = [max(1, -(-size // batch_size)) for size in sizes]
    epochs = [-(-count // each) for count, each in zip(steps, an_epoch, strict=True)]
    order = _orders(sizes, epochs, seeds, max(an_epoch, default=1) * batch_size)
    if len(set(sizes)) == 1 and len(set(steps)) == 1:
        return _of_equals(order, sizes[0], batch_size, steps[0])
    n, taken, each = (torch.tensor(values, dtype=torch.long) for values in (sizes, steps, an_epoch))
    step = torch.arange(max(steps, default=0))[:, None]
    start = step % each * batch_size  # [steps, clients]
    lengths = (n - start).clamp(max=batch_size) * (step < taken)
    mask = torch.arange(batch_size) < lengths[:, :, None]
    place = torch.arange(len(sizes)) * order[0].numel() if len(sizes) else n
    at = (place + (step // each) * order.shape[2] + start)[:, :, None] + torch.arange(batch_size)
    rows = order.flatten()[torch.where(mask, at, 0)]
    return Plan(torch.where(mask, rows, 0), mask, lengths)


def _of_equals(order: Tensor, size: int, batch_size: int, steps: int) -> Plan:
    """The plan of clients with the same number of rows and of steps: batches lie in their orders one after another."""
    clients, _, width = order.shape
    rows = order.view(clients, -1, batch_size)[:, :steps].transpose(0, 1)
    length = [min(batch_size, size - step * batch_size % width) for step in range(steps)]
    lengths = torch.tensor(length, dtype=torch.long)[:, None].expand(-1, clients)
    mask = (torch.arange(batch_size) < lengths[:, :1, None]).expand(-1, clients, -1)
    return Plan(rows, mask, lengths)


def _orders(sizes: Sequence[int], epochs: Sequence[int], seeds: Sequence[int], width: int) -> Tensor:
    """A new order of each client's rows in each epoch, int64 [clients, epochs, width], zeros after its own."""
    orders = torch.zeros(len(sizes), max(epochs, default=0), width, dtype=torch.long)
    source = torch.Generator()
    for own, size, count, seed in zip(orders.unbind(), sizes, epochs, seeds, strict=True):
        source.manual_seed(seed)
        for epoch in own[:count, :size].unbind():
            torch.randperm(size, generator=source, out=epoch)
    return orders
