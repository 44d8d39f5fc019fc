"""Cells and pieces: what is dealt, and how it is sorted before it is dealt.

A cell is all rows of one label, or of one label and one owner where owners matter. A piece is what goes to a client
undivided. Where the source declares each client's test, a piece is a row. Where the test is still to be drawn, it is
all rows of a natural unit that lie in one cell: a unit whose rows lie in one cell stays together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from counterpoint.data.partitions.share import LEAST_TEST, LEAST_TRAIN
from counterpoint.data.population import Dataset, Side
from counterpoint.randomness import Key, generator

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pieces:
    """The pieces of one side.

    Attributes:
        rows: [rows], indices into the data set, ascending.
        piece: [rows], the piece that a row belongs to.
        cell: [pieces], the cell that a piece lies in.
        sizes: [cells], how many pieces a cell has.
    """

    rows: Ints
    piece: Ints
    cell: Ints
    sizes: Ints

    @property
    def rows_of(self) -> Ints:
        """[pieces], how many rows a piece has."""
        return np.bincount(self.piece, minlength=len(self.cell))

    @property
    def even(self) -> bool:
        """Whether pieces have about equally many rows: none more than twice the mean."""
        return int(self.rows_of.max(initial=0)) * len(self.cell) <= 2 * len(self.rows)

    @property
    def single(self) -> bool:
        """Whether every piece is one row."""
        return len(self.cell) == len(self.rows)

    def deal(self, counts: Ints, seed: int, purpose: Sequence[tuple[Key, ...]], planned: Ints | None = None) -> Ints:
        """Choose by chance which pieces of a cell a client gets.

        Args:
            counts: [cells, clients], how many; a cell's counts sum to its size, or to 0 where it is not dealt.
            seed: of the run.
            purpose: [cells], the key of each one's chance.
            planned: [pieces], the clients that shall have them as far as the counts allow, their largest first.

        Returns:
            [rows], the client of each row, -1 where it is not dealt.
        """
        client = np.full(len(self.cell), -1)
        starts = np.concatenate([[0], np.cumsum(self.sizes)])
        by_cell, rows_of = np.argsort(self.cell, kind="stable"), self.rows_of
        for cell, wanted in enumerate(counts):
            dealt = wanted
            free = by_cell[starts[cell] : starts[cell + 1]]
            if planned is not None:
                free = free[np.lexsort((-rows_of[free], planned[free]))]
                theirs = planned[free]
                keep = np.arange(len(free)) - np.searchsorted(theirs, theirs) < wanted[theirs]
                client[free[keep]] = theirs[keep]
                free = free[~keep]
                dealt = wanted - np.bincount(theirs[keep], minlength=len(wanted))
            order = torch.randperm(len(free), generator=generator(seed, "partition", "rows", *purpose[cell]))
            client[free[order.numpy()][: dealt.sum()]] = np.repeat(np.arange(len(dealt)), dealt)
        return client[self.piece]


@dataclass(frozen=True)
class Cells:
    """A data set sorted for dealing.

    Attributes:
        dataset: what is dealt.
        label: [cells], ascending.
        owner: [cells], ascending within a label; None where owners do not matter.
        train: what is dealt of `Side.TRAIN`.
        test: likewise of `Side.CLIENT_TEST`; None where each client's test is drawn after the partition.
        entangled: whether a natural unit lies in several cells, so that several clients may have rows of it.
        least: pieces of `train` that a client needs: as many rows as it must have, or so many units that any of them
            hold LEAST_TRAIN rows to train on and others LEAST_TEST to be tested on.
    """

    dataset: Dataset
    label: Ints
    owner: Ints | None
    train: Pieces
    test: Pieces | None
    entangled: bool
    least: int

    def noun(self, pieces: Pieces) -> str:
        """What to call these pieces."""
        if pieces is self.test:
            return "test rows"
        return "training rows" if pieces.single else "parts of natural units" if self.entangled else "natural units"

    def purpose(self, side: str) -> list[tuple[Key, ...]]:
        """The keys of the chance that deals each cell of a side."""
        if self.owner is None:
            return [(side, label) for label in self.label.tolist()]
        return [(side, label, owner) for label, owner in zip(self.label.tolist(), self.owner.tolist(), strict=True)]


def cut(dataset: Dataset, by_owner: bool) -> Cells:
    """Sort what is dealt of a data set into cells, with or without regard to owners."""
    label, unit, side = (values.numpy() for values in (dataset.samples.label, dataset.samples.unit, dataset.side))
    train, test = ((side == which).nonzero()[0] for which in (Side.TRAIN, Side.CLIENT_TEST))
    key = label * len(dataset.owners) + dataset.owner.numpy() if by_owner else label
    cells = np.unique(key[np.concatenate([train, test])])
    place = np.searchsorted(cells, key)
    labels, owners = np.divmod(cells, len(dataset.owners)) if by_owner else (cells, None)
    if len(test):
        a, b = (_pieces(rows, np.arange(len(rows)), place[rows], len(cells)) for rows in (train, test))
        return Cells(dataset, labels, owners, a, b, False, LEAST_TRAIN)
    units, number = np.unique(unit[train], return_inverse=True)
    pieces = _pieces(train, number * len(cells) + place[train], place[train], len(cells))
    entangled = len(units) < len(pieces.cell)
    return Cells(dataset, labels, owners, pieces, None, entangled, enough(np.bincount(pieces.piece)))


def _pieces(rows: Ints, piece: Ints, cell_of_row: Ints, cells: int) -> Pieces:
    """Rows of equal `piece` are one; pieces come in the order of their first rows."""
    _, first, inverse = np.unique(piece, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    cell = cell_of_row[first[order]]
    return Pieces(rows, number[inverse], cell, np.bincount(cell, minlength=cells))


def splits(sizes: Ints) -> bool:
    """Tell whether units of these sizes can be parted into LEAST_TRAIN rows and LEAST_TEST rows, or more of either.

    Args:
        sizes: [units], rows.
    """
    rows = int(sizes.sum())
    smallest_test, below = rows + 1, {0}
    for size in np.sort(sizes)[: LEAST_TEST + 1].tolist():
        sums = {rest + size for rest in below}
        smallest_test = min(smallest_test, *(total for total in sums if total >= LEAST_TEST), rows + 1)
        below |= {total for total in sums if total < LEAST_TEST}
    return rows - smallest_test >= LEAST_TRAIN


def enough(sizes: Ints) -> int:
    """How many of these units are always enough to be parted so, whichever they are.

    They are if as many of the smallest are: with larger ones in their place a test takes no more units.

    Args:
        sizes: [units], rows.
    """
    ascending = np.sort(sizes)[: LEAST_TRAIN + LEAST_TEST]
    return next((n for n in range(1, len(ascending) + 1) if splits(ascending[:n])), LEAST_TRAIN + LEAST_TEST)
