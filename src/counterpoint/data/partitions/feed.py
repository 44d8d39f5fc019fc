"""Feeding clients that were dealt too little, from those that were dealt most."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from counterpoint.data.partitions.cells import Floats, Ints


@dataclass(frozen=True)
class HungryError(Exception):
    """Some clients cannot all have enough: together they have too little, and nobody else has what they may have.

    Attributes:
        clients: they.
        cells: all that they may have pieces of.
        pieces: that they have together.
    """

    clients: Ints
    cells: Ints
    pieces: int


def fill_up(counts: Ints, least: int, like: Floats, mixture: Floats | None = None, kept: Ints | None = None) -> int:
    """Move pieces, in place, from the largest clients to those with fewer than `least`; returns how many moved.

    A client gets pieces of the cell that it likes most, as long as anybody has any to spare; or, where a mixture is
    given, one after the other of the cell where it has furthest to go to `least` pieces so mixed. Where nobody who has
    pieces to spare has any that a client may have, they come by way of others: one gives the client a piece of one cell
    and gets one of another cell.

    Args:
        counts: [cells, clients], pieces that may be moved.
        least: pieces that every client shall have.
        like: [cells, clients]; -inf where a client must never get any.
        mixture: [cells, clients], each client's sum to 1.
        kept: [clients], pieces that a client has besides.

    Raises:
        HungryError: it cannot be done.
    """
    total = counts.sum(axis=0) + (0 if kept is None else kept)
    spare = counts[:, total > least].sum(axis=1)
    moved = 0
    for client in np.argsort(total, kind="stable").tolist():
        if total[client] >= least:
            break
        while (lacking := least - total[client]) > 0:
            there = (spare > 0) & (like[:, client] > -np.inf)
            if there.any():
                wish = like[:, client] if mixture is None else least * mixture[:, client] - counts[:, client]
                cell = int(np.where(there, wish, -np.inf).argmax())
                donor = int(np.where((counts[cell] > 0) & (total > least), total, -1).argmax())
                steps = [(cell, donor, client)]
            else:
                steps = _detour(counts, total, least, like, client)
            cell, donor, _ = steps[0]
            most = lacking if mixture is None else 1
            pieces = min(most, total[donor] - least, *(counts[c, giver] for c, giver, _ in steps))
            for c, giver, taker in steps:
                counts[c, giver] -= pieces
                counts[c, taker] += pieces
            total[donor] -= pieces
            total[client] += pieces
            spare[cell] -= pieces
            if total[donor] == least:
                spare -= counts[:, donor]
            moved += int(pieces) * len(steps)
    return moved


def fill_up_keeping(counts: Ints, least: int, like: Floats, mixture: Floats | None, label: Ints) -> int:
    """As `fill_up`, but a client that has pieces of a label keeps one at least.

    Args:
        counts: see `fill_up`; likewise the next three, and what is raised.
        least: see there.
        like: see there.
        mixture: see there.
        label: [cells].
    """
    kept = np.zeros_like(counts)
    each = np.arange(counts.shape[1])
    for one in np.unique(label):
        inside = (label == one).nonzero()[0]
        largest = inside[counts[inside].argmax(axis=0)]
        kept[largest, each] = counts[largest, each] > 0
    counts -= kept
    moved = fill_up(counts, least, like, mixture, kept.sum(axis=0))
    counts += kept
    return moved


def one_of_each(counts: Ints, allowed: NDArray[np.bool_], label: Ints) -> int:
    """Move pieces, in place, so that every client has one at least of each label that it may have.

    Each comes from the client that has most of the label. There are at least as many as such clients.

    Args:
        counts: [cells, clients].
        allowed: [cells, clients], of which cells a client may have pieces; alike in all cells of a label.
        label: [cells].

    Returns:
        How many moved.
    """
    moved = 0
    for one in np.unique(label):
        inside = (label == one).nonzero()[0]
        have = counts[inside].sum(axis=0)
        for client in (allowed[inside].any(axis=0) & (have == 0)).nonzero()[0]:
            donor = have.argmax()
            cell = inside[counts[inside, donor].argmax()]
            counts[cell, donor] -= 1
            counts[cell, client] += 1
            have[donor] -= 1
            have[client] += 1
            moved += 1
    return moved


def _detour(counts: Ints, total: Ints, least: int, like: Floats, client: int) -> list[tuple[int, int, int]]:
    """The shortest way from one who has pieces to spare to a client: steps (cell, giver, taker), his first.

    Raises:
        HungryError: there is none.
    """
    came: dict[int, tuple[int, int]] = {}
    asking, seen_cells = [client], np.zeros(len(counts), dtype=bool)
    seen = np.arange(counts.shape[1]) == client
    for taker in asking:
        for cell in ((like[:, taker] > -np.inf) & ~seen_cells).nonzero()[0].tolist():
            seen_cells[cell] = True
            for giver in ((counts[cell] > 0) & ~seen).nonzero()[0].tolist():
                seen[giver] = True
                came[giver] = (cell, taker)
                if total[giver] > least:
                    return _steps(came, giver, client)
                asking.append(giver)
    members = np.sort(asking)
    raise HungryError(members, seen_cells.nonzero()[0], int(total[members].sum()))


def _steps(came: dict[int, tuple[int, int]], giver: int, client: int) -> list[tuple[int, int, int]]:
    steps = []
    while giver != client:
        cell, taker = came[giver]
        steps.append((cell, giver, taker))
        giver = taker
    return steps
