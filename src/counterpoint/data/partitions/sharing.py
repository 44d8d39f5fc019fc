"""How many pieces of each cell go to each client: the formula, whole numbers, and feeding."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from counterpoint.data.partitions.cells import Cells, Floats, Ints, Pieces
from counterpoint.data.partitions.feed import HungryError, fill_up, fill_up_keeping, one_of_each
from counterpoint.data.partitions.part import CrowdedError, Part
from counterpoint.data.partitions.rounding import apportion, share_of
from counterpoint.data.partitions.share import LEAST_TEST
from counterpoint.data.partitions.whole import plan
from counterpoint.randomness import fold_key


@dataclass(frozen=True)
class Counts:
    """How many pieces of one side go to each client.

    Attributes:
        pieces: [cells, clients].
        moved: how many were moved to feed small clients.
        planned: [pieces], the clients that shall have them as far as the counts allow; None where any will do.
    """

    pieces: Ints
    moved: int
    planned: Ints | None = None


def share_out(cells: Cells, parts: Sequence[Part], clients: int, seed: int, least: int) -> tuple[Counts, Counts | None]:
    """Share out the pieces as `Joined` says.

    Args:
        cells: what is dealt.
        parts: whose weights are multiplied.
        clients: how many.
        seed: of the run.
        least: training pieces that every client shall have, or as many as a part needs.

    Returns:
        Of the training rows, and of the test rows, or None where the test is drawn afterwards.

    Raises:
        CrowdedError: some clients cannot have so many, or LEAST_TEST test rows.
        UserError: a part cannot be had.
    """
    weights = [part.log_weight(cells, clients, seed) for part in parts]
    log_share = share_of(np.broadcast_to(reduce(np.add, weights), (len(cells.label), clients)))
    if cells.test is None:
        least = max(least, *(part.least for part in parts))
    train = _share_train(cells, parts, log_share, seed, least)
    test = None if cells.test is None else _share_test(cells, cells.test, parts, log_share, seed, train.pieces)
    return train, test


def _share_train(cells: Cells, parts: Sequence[Part], log_share: Floats, seed: int, least: int) -> Counts:
    share, sizes, planned = np.exp(log_share), cells.train.sizes, None
    if cells.train.even:
        train = apportion(share, sizes, log_share, _chain(cells, parts), _chance(parts, seed, "train"))
    else:
        planned = plan(cells.train, share, _rng(seed, "train"))
        train = np.zeros(share.shape, dtype=np.int64)
        np.add.at(train, (cells.train.cell, planned), 1)
    like = log_share + np.log(np.maximum(sizes, 1))[:, None]
    mixture = np.exp(share_of(like.T)).T if any(part.feeds_evenly for part in parts) else None
    try:
        if any(part.exact_labels for part in parts):
            moved = one_of_each(train, log_share > -np.inf, cells.label)
            moved += fill_up_keeping(train, least, like, mixture, cells.label)
        else:
            moved = fill_up(train, least, like, mixture)
    except HungryError as error:
        raise CrowdedError(_reason(error, cells, cells.train, least)) from None
    return Counts(train, moved, planned)


def _share_test(
    cells: Cells, pieces: Pieces, parts: Sequence[Part], log_share: Floats, seed: int, train: Ints
) -> Counts:
    allowed, sizes = log_share > -np.inf, cells.train.sizes[:, None]
    share = np.where(sizes > 0, train / np.maximum(sizes, 1), np.exp(log_share))
    dealt = np.where(allowed.any(axis=1), pieces.sizes, 0)
    test = apportion(share, dealt, log_share, _chain(cells, parts), _chance(parts, seed, "test"))
    had = train / train.sum(axis=0)
    mixture = had if any(part.feeds_evenly for part in parts) else None
    try:
        return Counts(test, fill_up(test, LEAST_TEST, np.where(allowed, had, -np.inf), mixture))
    except HungryError as error:
        raise CrowdedError(_reason(error, cells, pieces, LEAST_TEST)) from None


def _chain(cells: Cells, parts: Sequence[Part]) -> Ints:
    """Equal in cells that are shared alike, because no part tells their labels or owners apart."""
    label = cells.label if any(part.by_label for part in parts) else np.zeros_like(cells.label)
    owner = cells.owner if cells.owner is not None else np.zeros_like(cells.label)
    return label * len(cells.dataset.owners) + owner


def _chance(parts: Sequence[Part], seed: int, side: str) -> np.random.Generator | None:
    return _rng(seed, side) if any(part.by_chance for part in parts) else None


def _rng(seed: int, side: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(fold_key(seed, "partition", "rounding", side)))


def _reason(error: HungryError, cells: Cells, pieces: Pieces, least: int) -> str:
    names = [cells.dataset.task.classes[c] for c in np.unique(cells.label[error.cells])]
    listed = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    hungry = len(error.clients)
    return (
        f"clients with no classes but {listed} ({hungry} of them) have {error.pieces} of the {hungry} x {least} = "
        f"{hungry * least} {cells.noun(pieces)} that they need"
    )
