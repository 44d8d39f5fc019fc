"""Recordings of sensors: out of text files, standardised, cut into windows, and put together as a data set."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from counterpoint.data.card import Card
from counterpoint.data.modality import Modality
from counterpoint.data.population import Dataset, Side
from counterpoint.data.sources.official.gather import Rows, gathered
from counterpoint.errors import UserError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def table(file: Path, columns: int, needs: str, separator: str | None = None) -> Floats:
    """The numbers of a text file without a head: [lines, columns]; what is not known is NaN.

    Args:
        file: one line a step.
        columns: how many there must be in every line.
        needs: what the folder must hold, for complaints.
        separator: between columns; any white space where None.

    Raises:
        UserError: there is no such file, it is empty, or a line of it is wrong; the sentence names the line.
    """
    try:
        with file.open(encoding="utf-8-sig") as lines:
            texts = [line for line in lines if line.strip()]
        if not texts:
            raise UserError(f"{file} is empty: {needs}.")
        found: Floats = np.loadtxt(texts, delimiter=separator, comments=None, ndmin=2)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file} cannot be read ({getattr(error, 'strerror', None) or error}): {needs}.") from error
    except ValueError:
        _complain(file, columns, separator)
        raise
    if found.shape[1] != columns or np.isinf(found).any():
        _complain(file, columns, separator)
    return found


def _complain(file: Path, columns: int, separator: str | None) -> None:
    """Find the line that is wrong."""
    for number, line in enumerate(file.read_text(encoding="utf-8-sig").splitlines(), 1):
        cells = line.split(separator)
        if not line.strip():
            continue
        if len(cells) != columns:
            raise UserError(f"{file}, line {number}: {len(cells)} columns, where there should be {columns}.")
        for place, cell in enumerate(cells, 1):
            if not _is_number(cell):
                raise UserError(
                    f"{file}, line {number}, column {place}: {cell.strip()!r} is no finite number, nor NaN."
                )


def _is_number(cell: str) -> bool:
    try:
        return not math.isinf(float(cell))
    except ValueError:
        return False


def filled(values: Floats) -> Floats:
    """What is not known is what it was the step before; NaN as long as nothing was known.

    Args:
        values: [steps, channels].
    """
    steps = np.arange(len(values))[:, None]
    latest = np.maximum.accumulate(np.where(np.isnan(values), 0, steps), axis=0)
    return np.asarray(np.take_along_axis(values, latest, axis=0))


def standardised(values: Floats) -> NDArray[np.float32]:
    """Each channel filled, less its mean, divided by its standard deviation: float32 [steps, channels].

    It is 0, the mean, before its first known value, and 0 throughout where it never varies.

    Args:
        values: [steps, channels] of one recording, NaN where not known.
    """
    whole = filled(values)
    known = ~np.isnan(whole)
    count = np.maximum(known.sum(axis=0), 1)
    apart = whole - np.where(known, whole, 0).sum(axis=0) / count
    spread = np.sqrt(np.where(known, apart**2, 0).sum(axis=0) / count)
    flat = spread <= 1e-9 * np.abs(np.where(known, whole, 0)).max(axis=0, initial=0)
    return np.where(known & ~flat, apart / np.where(flat, 1, spread), 0).astype(np.float32)


def labels(codes: Floats, meaning: Sequence[int], file: Path) -> Ints:
    """Numbers of classes out of their codes in a file, one a line: int64 [steps].

    Args:
        codes: [steps].
        meaning: the code of each class, in order.
        file: for complaints.

    Raises:
        UserError: a code means nothing; the sentence names the line.
    """
    found: Ints = np.full(len(codes), -1)
    for label, code in enumerate(meaning):
        found[codes == code] = label
    if len(wrong := (found < 0).nonzero()[0]):
        known = ", ".join(map(str, sorted(meaning)))
        raise UserError(f"{file}, line {wrong[0] + 1}: {codes[wrong[0]]:g} is no label; labels are {known}.")
    return found


def runs(label: Ints) -> Iterator[tuple[int, int]]:
    """First step, and the step after the last, of each stretch of one label."""
    edges = [0, *(np.flatnonzero(np.diff(label)) + 1).tolist(), len(label)]
    yield from pairwise(edges)


def starts(first: int, end: int, length: int, hop: int) -> Ints:
    """First steps of the windows that fit into the steps from `first` to before `end`; what is left over is dropped."""
    return np.arange(first, end - length + 1, hop)


def majority(label: Ints, begin: Ints, length: int) -> list[int]:
    """By window the label that most of its steps have; of several the first in number."""
    return [int(np.bincount(label[at : at + length]).argmax()) for at in begin.tolist()]


def cut(values: NDArray[Any], begin: Ints, length: int) -> NDArray[Any]:
    """Windows [windows, channels, length] of a recording [steps, channels]."""
    return np.moveaxis(values[begin[:, None] + np.arange(length)], 1, 2)


@dataclass(frozen=True)
class Piece:
    """Windows of one recording, which lie on the same side.

    Attributes:
        x: by modality, [windows, channels, steps]; a modality that is not there is absent.
        label: by window.
        unit: by window, what must never be split.
        owner: the natural client.
        side: of all of them.
    """

    x: Mapping[str, NDArray[Any]]
    label: Sequence[int]
    unit: Sequence[str]
    owner: str
    side: Side


def assembled(
    card: Card,
    classes: tuple[str, ...],
    modalities: Mapping[str, Modality],
    pieces: Sequence[Piece],
    counts: Mapping[str, int],
) -> Dataset:
    """A data set out of windows, with a card that counts them.

    Args:
        card: of the data set; its counts are replaced.
        classes: what labels mean.
        modalities: by name.
        pieces: in order of their rows.
        counts: more to tell in the card.

    Raises:
        UserError: there is no window at all to train on.
    """
    place = [(piece, row) for piece in pieces for row in range(len(piece.label))]
    if not any(piece.side == Side.TRAIN for piece, _ in place):
        raise UserError(f"{card.name}: no recording to train on is long enough for a window.")

    def read(name: str, number: int) -> torch.Tensor | None:
        piece, row = place[number]
        return torch.from_numpy(np.ascontiguousarray(piece.x[name][row])) if name in piece.x else None

    return gathered(
        card,
        Rows(
            classes,
            [piece.label[row] for piece, row in place],
            [piece.unit[row] for piece, row in place],
            [piece.owner for piece, _ in place],
            [piece.side for piece, _ in place],
        ),
        {name: (one, torch.float32, lambda row, name=name: read(name, row)) for name, one in modalities.items()},  # type: ignore[misc]
        counts,
    )
