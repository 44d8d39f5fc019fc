"""Rows that were chosen, what of them is kept, and the one copy that is made of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from counterpoint.data.bursts import Bursts
from counterpoint.data.samples import Samples

HIDDEN = -1
"""What stands in place of a label that must not be known."""


@dataclass(frozen=True)
class Cut:
    """Some rows of a data set, and what of them is kept; no value is copied yet.

    Attributes:
        rows: int64 [rows], places in the data set.
        present: bool [rows, modalities], which modalities are kept; columns in the order of `Samples.modalities`.
        bursts: by modality, which steps inside a row are lost.
    """

    rows: Tensor
    present: Tensor
    bursts: Mapping[str, Bursts] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, index: Tensor) -> "Cut":
        """These of the rows, bool [rows] or int64."""
        return Cut(self.rows[index], self.present[index], {m: found.of(index) for m, found in self.bursts.items()})

    def masked(self, own: Tensor) -> "Cut":
        """The same for someone who owns bool [modalities] alone."""
        return replace(self, present=self.present & own)

    def nonempty(self) -> "Cut":
        """The rows that have any modality."""
        some = self.present.any(dim=1)
        return self if bool(some.all()) else self.of(some)


def presence(samples: Samples) -> Tensor:
    """Tell who has what: bool [rows, modalities], columns in the order of `samples.modalities`."""
    return torch.stack([samples.present[m] for m in samples.modalities], dim=1)


def taken(
    samples: Samples, cuts: Sequence[Cut], owned: Sequence[Collection[str]], *, hidden: bool = False
) -> list[Samples]:
    """Copy rows out, once. All values of a modality lie in one tensor, one cut after another: what returns are views.

    What is not present, and steps that are lost, are overwritten with zero, so that nothing can read them.

    Args:
        samples: all rows.
        cuts: what is taken.
        owned: for each cut, its modalities.
        hidden: whether labels are hidden: each is HIDDEN then.
    """
    x: list[dict[str, Tensor]] = [{} for _ in cuts]
    present: list[dict[str, Tensor]] = [{} for _ in cuts]
    for name in samples.x:
        takers = [i for i, own in enumerate(owned) if name in own]
        if takers:
            column = samples.modalities.index(name)
            there = torch.cat([cuts[i].present[:, column] for i in takers])
            values = _values(samples.x[name], torch.cat([cuts[i].rows for i in takers]), there)
            sizes = [len(cuts[i]) for i in takers]
            for i, part, own in zip(takers, torch.split(values, sizes), torch.split(there, sizes), strict=True):
                if name in cuts[i].bursts:
                    cuts[i].bursts[name].silence(part)
                x[i][name], present[i][name] = part, own
    rows = torch.cat([cut.rows for cut in cuts])
    sizes = [len(cut) for cut in cuts]
    labels = torch.split(torch.full_like(rows, HIDDEN) if hidden else samples.label[rows], sizes)
    units = torch.split(samples.unit[rows], sizes)
    return [Samples(*parts) for parts in zip(x, present, labels, units, strict=True)]


def _values(values: Tensor, rows: Tensor, there: Tensor) -> Tensor:
    """A copy of rows, zero where bool [rows] is false."""
    copy = values.index_select(0, rows)
    if not bool(there.all()):
        copy.masked_fill_(~there.view(-1, *[1] * (copy.dim() - 1)), 0.0)
    return copy
