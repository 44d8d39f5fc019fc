"""Rows of files read, and put together as a data set."""

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from counterpoint.data.card import Card
from counterpoint.data.modality import Modality, Task
from counterpoint.data.population import Dataset, Side
from counterpoint.data.progress import each
from counterpoint.data.samples import Samples

Reader = Callable[[int], Tensor | None]
"""The values of a row in compact form, or None where the row lacks the modality."""


@dataclass(frozen=True)
class Rows:
    """What is known of each row but its values.

    Attributes:
        classes: what labels mean.
        label: by row, index into `classes`.
        unit: by row, what must never be split; numbered in order of first appearance.
        owner: by row, name of the natural client.
        side: by row.
    """

    classes: tuple[str, ...]
    label: Sequence[int]
    unit: Sequence[str]
    owner: Sequence[str]
    side: Sequence[Side]


def gathered(
    card: Card, rows: Rows, modalities: Mapping[str, tuple[Modality, torch.dtype, Reader]], counts: Mapping[str, int]
) -> Dataset:
    """A data set out of rows, with a card that counts them.

    Args:
        card: of the data set; its counts are replaced.
        rows: at least one.
        modalities: by name what it is, the type of its compact form, and how a row of it is read.
        counts: more to tell in the card, after what is counted here.

    Raises:
        UserError: a file cannot be read.
    """
    x, present = {}, {}
    for name, (modality, dtype, read) in modalities.items():
        x[name], present[name] = _values(name, modality, dtype, read, len(rows.label))
    owners = tuple(sorted(set(rows.owner)))
    places = {owner: place for place, owner in enumerate(owners)}
    units: dict[str, int] = {}
    unit = [units.setdefault(one, len(units)) for one in rows.unit]
    told = {
        "rows": len(rows.label),
        "train rows": rows.side.count(Side.TRAIN),
        "client test rows": rows.side.count(Side.CLIENT_TEST),
        "global test rows": rows.side.count(Side.GLOBAL_TEST),
        "natural units": len(units),
        "natural clients": len(owners),
        "classes": len(rows.classes),
        **{f"rows without {name}": int((~there).sum()) for name, there in present.items() if not bool(there.all())},
        **{what: number for what, number in counts.items() if number},
    }
    return Dataset(
        name=card.name,
        task=Task(rows.classes),
        modalities={name: modality for name, (modality, _, _) in modalities.items()},
        samples=Samples(x, present, torch.tensor(rows.label), torch.tensor(unit)),
        owner=torch.tensor([places[owner] for owner in rows.owner]),
        owners=owners,
        side=torch.tensor([int(side) for side in rows.side]),
        card=replace(card, counts=told),
    )


def _values(name: str, modality: Modality, dtype: torch.dtype, read: Reader, rows: int) -> tuple[Tensor, Tensor]:
    """All rows of a modality, files in several threads; zeros where a row lacks it."""
    values = torch.zeros(rows, *modality.shape, dtype=dtype)
    present = torch.zeros(rows, dtype=torch.bool)
    with warnings.catch_warnings(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        told = each(list(range(rows)), f"reading {name}")
        for row, found in zip(told, pool.map(read, range(rows)), strict=True):
            if found is not None:
                values[row], present[row] = found, True
    return values, present


def apart(unit: Sequence[str], side: Sequence[Side]) -> list[bool]:
    """Which rows are kept so that no unit lies on two sides: those on the side that is furthest from training.

    Args:
        unit: by row.
        side: by row, as it was published.
    """
    furthest: dict[str, Side] = {}
    for one, where in zip(unit, side, strict=True):
        furthest[one] = max(where, furthest.get(one, Side.TRAIN))
    return [where == furthest[one] for one, where in zip(unit, side, strict=True)]
