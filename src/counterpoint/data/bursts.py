"""Bursts: steps of a sequence that are lost one after another."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

BURSTS = 10
"""A burst is about one tenth of the sequence."""
AT_ONCE = 2**20
"""About how many steps are looked at together."""


@dataclass(frozen=True)
class Bursts:
    """Where rows lose steps.

    Attributes:
        begin: int64 [rows, bursts], the first lost step of each burst, rising.
        length: int64 [bursts], how many steps each takes.
        steps: of a row.
    """

    begin: Tensor
    length: Tensor
    steps: int

    def of(self, index: Tensor) -> "Bursts":
        """Those of some rows, int64 or bool [rows]."""
        return replace(self, begin=self.begin[index])

    def mask(self) -> Tensor:
        """Tell which steps are lost: bool [rows, steps]."""
        lost = torch.zeros(len(self.begin), self.steps, dtype=torch.bool)
        step = torch.arange(self.steps)
        for begin, length in zip(self.begin.unbind(1), self.length.tolist(), strict=True):
            lost |= (step >= begin[:, None]) & (step < begin[:, None] + length)
        return lost

    def silence(self, values: Tensor) -> None:
        """Overwrite what is lost with zero, in place; a few rows at a time, so that masks take little room.

        Args:
            values: [rows, ..., steps].
        """
        together = max(1, AT_ONCE // self.steps)
        for first in range(0, len(values), together):
            part = values[first : first + together]
            lost = replace(self, begin=self.begin[first : first + together]).mask()
            part.masked_fill_(lost.view(len(part), *[1] * (values.dim() - 2), self.steps), 0.0)


def steps_lost(rate: float, steps: int) -> int:
    """How many steps each row loses: the nearest whole number to the rate, and never all."""
    return min(round(rate * steps), steps - 1)


def draw_bursts(rows: int, steps: int, rate: float, source: torch.Generator) -> Bursts:
    """Draw bursts for each row by itself.

    `steps_lost` steps are lost in bursts that are as equal as can be, so many that each is about one tenth of the
    sequence, and one at least. Between two bursts at least one step is kept. All places that this allows are equally
    likely: with K steps kept, the bursts lie in different ones of the K + 1 gaps before, between and after these.

    Args:
        rows: how many.
        steps: of each.
        rate: share of the steps that is lost, in [0, 1).
        source: where the chance comes from.
    """
    lost = steps_lost(rate, steps)
    kept = steps - lost
    bursts = min(max(1, round(lost / steps * BURSTS)), lost, kept + 1)
    length = torch.tensor([lost * (i + 1) // bursts - lost * i // bursts for i in range(bursts)], dtype=torch.long)
    gaps = choose(rows, kept + 1, bursts, source).sort(dim=1).values
    return Bursts(gaps + length.cumsum(0) - length, length, steps)


def choose(rows: int, out_of: int, count: int, source: torch.Generator) -> Tensor:
    """For each row `count` different numbers below `out_of`, all sets equally likely, int64 [rows, count].

    By Floyd's method: for j = out_of - count, ..., out_of - 1 take a number of 0 .. j, or j where that is taken.
    """
    chosen = torch.empty(rows, count, dtype=torch.long)
    for i in range(count):
        last = out_of - count + i
        number = torch.randint(last + 1, (rows,), generator=source)
        taken = (chosen[:, :i] == number[:, None]).any(dim=1)
        chosen[:, i] = torch.where(taken, last, number)
    return chosen
