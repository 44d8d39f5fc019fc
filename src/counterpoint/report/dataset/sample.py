"""The rows that stand for a data set, and what a section about one modality is made of."""

from dataclasses import dataclass

import torch
from torch import Tensor

from counterpoint.data.masking import presence
from counterpoint.data.modality import Modality
from counterpoint.data.population import Dataset, Side
from counterpoint.randomness import generator
from counterpoint.report import units

MOST_CLASSES = 20
"""Of more classes so many are shown, drawn by chance."""


@dataclass(frozen=True)
class Pick:
    """A row that is shown.

    Attributes:
        number: 1, 2, 3, ...: the same row in every section.
        row: its place in the data set.
        label: its class.
        owner: its natural owner; empty where one owns all.
    """

    number: int
    row: int
    label: str
    owner: str

    @property
    def title(self) -> str:
        """Its number and its class."""
        return f"{self.number} · {self.label}"


@dataclass(frozen=True)
class Sense:
    """One modality of a data set.

    Attributes:
        modality: what its values are.
        values: float32 [rows, *shape], of all rows.
        present: bool [rows].
        training: bool [rows]; only these rows are looked at, so that a test stays unseen.
        picks: the rows that are shown, those that have the modality.
    """

    modality: Modality
    values: Tensor
    present: Tensor
    training: Tensor
    picks: tuple[Pick, ...]

    @property
    def seen(self) -> Tensor:
        """Values of the training rows that have it."""
        return self.values[self.present & self.training]

    @property
    def facts(self) -> list[tuple[str, str]]:
        """How many rows have it, if not all do."""
        there, rows = int(self.present.sum()), len(self.present)
        return [] if there == rows else [("present in", f"{there:,} of {units.many(rows, 'row')}")]


def senses(dataset: Dataset, seed: int) -> list[Sense]:
    """The modalities of a data set, by name."""
    chosen, samples = picks(dataset, seed), dataset.samples
    training = dataset.side == Side.TRAIN
    return [
        Sense(m, samples.x[name], there, training, tuple(pick for pick in chosen if there[pick.row]))
        for name, m in sorted(dataset.modalities.items())
        for there in [samples.present[name]]
    ]


def picks(dataset: Dataset, seed: int) -> tuple[Pick, ...]:
    """Two or three training rows of each class, of different natural units where there are some, by chance.

    Rows with more modalities come first.

    Args:
        dataset: what is shown.
        seed: decides which rows.
    """
    samples, classes = dataset.samples, dataset.task.classes
    shown = torch.arange(len(classes))
    if len(classes) > MOST_CLASSES:
        shown = torch.randperm(len(classes), generator=generator(seed, "page", "classes"))[:MOST_CLASSES].sort().values
    each = 3 if len(shown) <= 10 else 2
    owned = int((dataset.owner.bincount() > 0).sum()) > 1
    richness = presence(samples).sum(dim=1)
    found: list[Pick] = []
    for c in shown.tolist():
        rows = ((samples.label == c) & (dataset.side == Side.TRAIN)).nonzero().flatten()
        rows = rows[torch.randperm(len(rows), generator=generator(seed, "page", "samples", c))]
        rows = rows[richness[rows].argsort(descending=True, stable=True)]
        for row in _first_of_units(rows, samples.unit, each):
            owner = dataset.owners[int(dataset.owner[row])] if owned else ""
            found.append(Pick(len(found) + 1, row, classes[c], owner))
    return tuple(found)


def _first_of_units(rows: Tensor, unit: Tensor, each: int) -> list[int]:
    """The first rows, no two of one unit as long as there are others."""
    first: dict[int, int] = {}
    for row in rows.tolist():
        first.setdefault(int(unit[row]), row)
        if len(first) == each:
            break
    fresh = list(first.values())
    rest = [row for row in rows[: len(fresh) + each].tolist() if row not in fresh]
    return [*fresh, *rest][:each]
