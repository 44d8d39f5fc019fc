"""Each client's test, where the source declares none, and validation rows: drawn after the partition, by natural unit.

A unit may have rows at several clients. It is a test unit for all of them or for none, so that no client trains on what
another is tested on.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from counterpoint.data.partitions.cells import Ints
from counterpoint.data.partitions.share import LEAST_TEST, LEAST_TRAIN
from counterpoint.randomness import generator

SHARE = 0.2
"""Of a client's rows, this share is for its test: rounded, LEAST_TEST or more, and LEAST_TRAIN are left to train."""

TRIES = 20_000
"""How many exchanges of two units are tried at most, for all clients together."""

Stakes = list[list[tuple[int, int]]]
"""Per unit, where it has rows and how many."""


def hold_out(
    client: Ints,
    unit: Ints,
    label: Ints,
    clients: int,
    seed: int,
    *,
    share: float = SHARE,
    purpose: str = "test",
    together: bool = False,
) -> tuple[NDArray[np.bool_], list[int]]:
    """Draw test units.

    What is wanted of each client is a share of its rows, dealt to its labels in proportion by largest remainders
    (chance decides between equal ones). Units are then looked at in a random order, and become test units in three
    passes:

    1. if that lessens the sum, over clients and labels, of the squared number of test rows still wanted;
    2. if it lessens that sum and the same sum over clients together: mostly large units are left to be drawn so, those
       that are too large for one label of a client;
    3. for a client with fewer than LEAST_TEST test rows, whichever unit lessens the sums most; if none can be had, one
       that can be had in exchange for another test unit.

    No unit is drawn that would leave any client fewer than LEAST_TRAIN rows to train on, nor, but in need in the third
    pass, none of a label that it has. Where every unit is one row of one client, the first pass gives exactly what is
    wanted, but of labels of which a client has one row.

    Where the rows of all clients are looked at together, the same sum over labels, whoever has them, is added in the
    second and third pass: clients of few large units then give up other labels each, not all the same.

    Args:
        client: [rows], from 0.
        unit: [rows], the natural unit.
        label: [rows], from 0.
        clients: how many.
        seed: of the run.
        share: of a client's rows, wanted for its test.
        purpose: what is drawn; each purpose has chance of its own.
        together: whether the rows of all clients are looked at together.

    Returns:
        bool [rows], which are for tests; and the clients that no test could be drawn for.
    """
    units, place = np.unique(unit, return_inverse=True)
    draw = _Draw(client, place, label, clients, lambda rows: wanted_rows(rows, seed, share, purpose), together)
    order = torch.randperm(len(units), generator=generator(seed, "partition", purpose, "units")).tolist()
    for one in order:
        if draw.gain(one) > 0 and draw.fits(one) and draw.leaves_labels(one):
            draw.take(one)
    for one in order:
        gain = 0 if draw.drawn[one] else draw.worth(one)
        if gain > 0 and draw.fits(one) and draw.leaves_labels(one):
            draw.take(one)
    poor = sorted((k for k in range(clients) if draw.tested[k] < LEAST_TEST), key=lambda k: draw.room[k])
    stuck = [k for k in poor if not _provide(draw, k)]
    return np.array(draw.drawn, dtype=bool)[place], sorted(stuck)


class _Draw:
    """The units drawn so far, and what is still wanted.

    Attributes:
        drawn: by unit, whether it is a test unit.
        tested: by client, its test rows.
        room: by client, how many more of its rows could become test rows.
        units_at: by client, the units that it has rows of.
        tries: how many exchanges may still be tried.
    """

    def __init__(
        self, client: Ints, unit: Ints, label: Ints, clients: int, wanted_of: Callable[[Ints], Ints], together: bool
    ) -> None:
        labels = int(label.max(initial=0)) + 1
        rows = np.bincount(client * labels + label, minlength=clients * labels).reshape(clients, labels)
        wanted = wanted_of(rows)
        self._left = rows.flatten().tolist()
        self.drawn = [False] * (int(unit.max(initial=-1)) + 1)
        self.tested = [0] * clients
        self.room = (rows.sum(axis=1) - LEAST_TRAIN).tolist()
        self._cells = _stakes(unit, client * labels + label, len(self.drawn))
        self._clients = _stakes(unit, client, len(self.drawn))
        self._labels = _stakes(unit, label, len(self.drawn)) if together else [[] for _ in self.drawn]
        self.tries = TRIES
        self.units_at: list[list[int]] = [[] for _ in range(clients)]
        for one, at in enumerate(self._clients):
            for k, _ in at:
                self.units_at[k].append(one)
        self._wanted = wanted.flatten().tolist()
        self._wanted_of_client = wanted.sum(axis=1).tolist()
        self._wanted_of_label = wanted.sum(axis=0).tolist()

    def gain(self, unit: int) -> int:
        """By how much the sum over clients and labels of squared wanted rows falls if the unit is taken."""
        return sum(rows * (2 * self._wanted[cell] - rows) for cell, rows in self._cells[unit])

    def worth(self, unit: int) -> int:
        """The same of that sum and the sum over clients, and the sum over labels where all are looked at together."""
        of_clients: int = sum(rows * (2 * self._wanted_of_client[k] - rows) for k, rows in self._clients[unit])
        of_labels: int = sum(rows * (2 * self._wanted_of_label[c] - rows) for c, rows in self._labels[unit])
        return self.gain(unit) + of_clients + of_labels

    def fits(self, unit: int) -> bool:
        """Whether all its clients are left enough to train on if the unit is taken."""
        return all(self.room[k] >= rows for k, rows in self._clients[unit])

    def leaves_labels(self, unit: int) -> bool:
        """Whether all its clients are left a row to train on of each label that they have of it."""
        return all(self._left[cell] > rows for cell, rows in self._cells[unit])

    def take(self, unit: int, sign: int = 1) -> None:
        """Make it a test unit, or with sign -1 a training unit again."""
        self.drawn[unit] = sign > 0
        for cell, rows in self._cells[unit]:
            self._wanted[cell] -= sign * rows
            self._left[cell] -= sign * rows
        for k, rows in self._clients[unit]:
            self._wanted_of_client[k] -= sign * rows
            self.room[k] -= sign * rows
            self.tested[k] += sign * rows
        for c, rows in self._labels[unit]:
            self._wanted_of_label[c] -= sign * rows

    def clients_of(self, unit: int) -> list[int]:
        """The clients that have rows of it."""
        return [k for k, _ in self._clients[unit]]

    def lacking_room(self, unit: int) -> int:
        """The first client that would be left too little to train on if the unit were taken."""
        return next(k for k, rows in self._clients[unit] if self.room[k] < rows)


def wanted_rows(rows: Ints, seed: int, share: float = SHARE, purpose: str = "test") -> Ints:
    """How many test rows are wanted.

    Args:
        rows: [clients, labels], what clients have.
        seed: of the run; chance decides between equal remainders.
        share: of a client's rows.
        purpose: what is drawn.

    Returns:
        [clients, labels].
    """
    total = rows.sum(axis=1, keepdims=True)
    wanted = np.floor(share * total + 0.5).astype(np.int64)
    wanted = np.minimum(np.maximum(np.minimum(wanted, total - LEAST_TRAIN), LEAST_TEST), total)
    counts, remainder = np.divmod(wanted * rows, np.maximum(total, 1))
    chance = torch.rand(rows.shape, generator=generator(seed, "partition", purpose, "labels")).numpy()
    rank = np.lexsort((chance, -remainder), axis=1).argsort(axis=1)
    more: Ints = counts + (rank < wanted - counts.sum(axis=1, keepdims=True))
    return more


def _stakes(unit: Ints, key: Ints, units: int) -> Stakes:
    base = int(key.max(initial=0)) + 1
    pairs, rows = np.unique(unit * base + key, return_counts=True)
    found: Stakes = [[] for _ in range(units)]
    for one, what, number in zip((pairs // base).tolist(), (pairs % base).tolist(), rows.tolist(), strict=True):
        found[one].append((what, number))
    return found


def _provide(draw: _Draw, client: int) -> bool:
    """Draw units until a client has LEAST_TEST test rows; tells whether it has them."""
    own = draw.units_at[client]
    while draw.tested[client] < LEAST_TEST:
        able = [unit for unit in own if not draw.drawn[unit] and draw.fits(unit)]
        if able:
            best = [unit for unit in able if draw.leaves_labels(unit)] or able
            draw.take(max(best, key=draw.worth))
        elif not _exchange(draw, client, own):
            return False
    return True


def _exchange(draw: _Draw, client: int, own: list[int]) -> bool:
    """Draw a unit of a client's and give back another, so that the client has more test rows and no other too few."""
    for unit, other in _pairs(draw, own):
        draw.tries -= 1
        if draw.tries < 0:
            return False
        before = {k: draw.tested[k] for k in [client, *draw.clients_of(other)]}
        draw.take(other, -1)
        if draw.fits(unit):
            draw.take(unit)
            enough = all(draw.tested[k] >= min(rows, LEAST_TEST) for k, rows in before.items())
            if enough and draw.tested[client] > before[client]:
                return True
            draw.take(unit, -1)
        draw.take(other)
    return False


def _pairs(draw: _Draw, own: list[int]) -> Iterator[tuple[int, int]]:
    """Units to be drawn, and test units of a client that lacks room for them."""
    for unit in own:
        if not draw.drawn[unit]:
            theirs = draw.units_at[draw.lacking_room(unit)]
            yield from ((unit, other) for other in theirs if draw.drawn[other])
