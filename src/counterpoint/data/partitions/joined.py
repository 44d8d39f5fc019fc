"""Partitions that are made: rows are dealt to as many clients as are asked for, skewed by one or more parts."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from counterpoint.data.partitions import summary
from counterpoint.data.partitions.cells import Cells, Ints, cut
from counterpoint.data.partitions.holdout import hold_out
from counterpoint.data.partitions.part import CrowdedError, Part
from counterpoint.data.partitions.share import (
    DEFAULT_CLIENTS,
    LEAST_TEST,
    LEAST_TRAIN,
    Share,
    Summary,
    check_clients,
)
from counterpoint.data.partitions.sharing import Counts, share_out
from counterpoint.data.population import Dataset
from counterpoint.errors import UserError

FEWER = (0.9, 0.75, 0.6, 0.4, 0.2, 0.1)
"""Where there are too many clients, these shares of their number are tried out for a proposal."""


@dataclass(frozen=True)
class Joined:
    """Each part gives a weight of every cell at every client; a cell is shared in proportion to their product.

    In symbols, client k gets of the n[c] pieces of cell c about n[c] * w[c, k] / sum over j of w[c, j], where
    w = product of the parts' weights: `apportion` makes whole numbers of it, or `plan` where pieces are units with very
    different numbers of rows. A client that has fewer pieces than it needs gets more from the largest clients
    (`fill_up`), as far as possible in the formula's proportions, but never of a cell where its weight is 0; and where
    weights of 0 decide which labels a client has, it keeps one piece at least of each of its own. Chance decides which
    pieces. Every training row is dealt once.

    Where the source declares each client's test, client k gets of a cell's test rows the share that it now has of the
    cell's training rows, so that its two label distributions agree; of a cell without training rows the share of the
    formula. Every test row is dealt once, but those of a cell that has weight 0 at all clients, which happens only to
    labels that nobody trains on. Elsewhere the test is drawn out of each client's training rows, see `holdout`.

    Attributes:
        parts: in order of their names.
    """

    parts: tuple[Part, ...]

    @property
    def spec(self) -> str:
        """The parts' texts joined by `+`."""
        return "+".join(part.spec for part in self.parts)

    def deal(self, dataset: Dataset, clients: int | None, seed: int) -> tuple[list[Share], Summary]:
        """See `Partition.deal`; without a number there are DEFAULT_CLIENTS.

        Raises:
            UserError: there cannot be so many clients; how many can be, as far as that is known.
        """
        check_clients(clients)
        wanted = DEFAULT_CLIENTS if clients is None else clients
        cells = cut(dataset, any(part.by_owner for part in self.parts))
        self._check_enough(cells, wanted)
        reasons = []
        for least in (cells.least, 2 * cells.least) if cells.entangled else (cells.least,):
            try:
                train, test, shares = self._attempt(cells, wanted, seed, least)
            except CrowdedError as error:
                reasons.append(str(error))
            else:
                return shares, self._summary(cells, train, test, shares)
        raise self._too_many(cells, wanted, seed, reasons[0])

    def _attempt(self, cells: Cells, clients: int, seed: int, least: int) -> tuple[Counts, Counts | None, list[Share]]:
        """Deal so that every client has `least` training pieces.

        Where several clients may have rows of one unit, some clients' tests may be lacking even so; more pieces help.

        Raises:
            CrowdedError: there cannot be so many clients.
        """
        train, test = share_out(cells, self.parts, clients, seed, least)
        shares, stuck = _shares(cells, train, test, clients, seed)
        if stuck:
            raise CrowdedError(
                f"natural units are so large, or so many clients have rows of them, that {len(stuck)} cannot have "
                f"{LEAST_TEST} test rows while all keep {LEAST_TRAIN} to train on"
            )
        return train, test, shares

    def _check_enough(self, cells: Cells, clients: int) -> None:
        name, train = cells.dataset.name, len(cells.train.cell)
        if cells.test is None:
            most = train // cells.least
            needs = (
                f"{clients} x {cells.least} = {clients * cells.least} {cells.noun(cells.train)} (to have at least "
                f"{LEAST_TRAIN} rows to train on and {LEAST_TEST} to be tested on), but {name} has {train}"
            )
        else:
            test = len(cells.test.cell)
            most = min(train // LEAST_TRAIN, test // LEAST_TEST)
            needs = (
                f"{clients} x {LEAST_TRAIN} = {clients * LEAST_TRAIN} training and {clients} x {LEAST_TEST} = "
                f"{clients * LEAST_TEST} test rows, but {name} has {train} and {test}"
            )
        if clients > most:
            remedy = f"use at most {most} clients" if most else "there cannot be a single client"
            raise UserError(f"{self.spec} over {clients} clients needs {needs}: {remedy}.")

    def _too_many(self, cells: Cells, clients: int, seed: int, reason: str) -> UserError:
        """The error for too many clients, with a smaller number that was tried out."""
        remedy = "nor was a smaller number found that can be had, so use another partition"
        for fewer in dict.fromkeys(max(int(clients * share), 1) for share in FEWER):
            try:
                if cells.entangled:
                    self._attempt(cells, fewer, seed, cells.least)
                else:
                    share_out(cells, self.parts, fewer, seed, cells.least)
            except (CrowdedError, UserError):
                continue
            remedy = f"use fewer clients, {fewer} can be had"
            break
        return UserError(f"{self.spec} over {clients} clients of {cells.dataset.name}: {reason}: {remedy}.")

    def _summary(self, cells: Cells, train: Counts, test: Counts | None, shares: list[Share]) -> Summary:
        told: Summary = {"parts": {part.spec: part.skew for part in self.parts}, **summary.sizes(shares)}
        moved = f"{'rows' if cells.train.single else 'units'} moved to feed small clients"
        if test is None or cells.test is None:
            told |= {moved: {"train": train.moved}, **summary.tested(cells.dataset, shares)}
        else:
            told[moved] = {"train": train.moved, "test": test.moved}
            left = len(cells.test.rows) - int(test.pieces.sum())
            told |= {"test rows left out, of classes that nobody trains on": left} if left else {}
        for part in self.parts:
            told |= part.tell(cells.dataset, shares)
        return told


def _shares(cells: Cells, train: Counts, test: Counts | None, clients: int, seed: int) -> tuple[list[Share], list[int]]:
    """The clients' shares, and the clients that no test could be drawn for."""
    rows = cells.train.rows
    client = cells.train.deal(train.pieces, seed, cells.purpose("train"), train.planned)
    stuck: list[int] = []
    if cells.test is None or test is None:
        samples = cells.dataset.samples
        drawn, stuck = hold_out(client, samples.unit.numpy()[rows], samples.label.numpy()[rows], clients, seed)
        sides = [_by_client(rows[which], client[which], clients) for which in (~drawn, drawn)]
    else:
        tested = cells.test.deal(test.pieces, seed, cells.purpose("test"))
        sides = [_by_client(rows, client, clients), _by_client(cells.test.rows, tested, clients)]
    return [Share(f"client {k}", *two) for k, two in enumerate(zip(*sides, strict=True))], stuck


def _by_client(rows: Ints, client: Ints, clients: int) -> list[Tensor]:
    """Per client its rows, ascending; those of client -1 are left out."""
    order = np.argsort(client, kind="stable")
    ends = np.searchsorted(client[order], np.arange(clients + 1))
    return [torch.from_numpy(rows[order[a:b]]) for a, b in pairwise(ends.tolist())]
