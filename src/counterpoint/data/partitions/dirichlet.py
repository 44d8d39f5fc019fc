"""The Dirichlet partition: clients that see the classes in different proportions."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from counterpoint.data.partitions.share import LEAST_TEST, LEAST_TRAIN, Share, Summary, check_clients
from counterpoint.data.population import Dataset, Side
from counterpoint.errors import UserError
from counterpoint.randomness import fold_key, generator

Counts = NDArray[np.int64]
DEFAULT_CLIENTS = 10


@dataclass(frozen=True)
class Dirichlet:
    """For each class c, proportions over the clients are drawn: p[c] ~ Dirichlet(alpha, ..., alpha).

    Client k gets the share p[c, k] of the training rows of c. If that leaves it fewer than LEAST_TRAIN rows, it gets
    more from the largest clients. Of the test rows of c it gets the same share as it now has of the training rows, so
    that its two label distributions agree, and again no fewer than LEAST_TEST. Every row is dealt once. Small alpha:
    few classes a client. Large alpha: all clients alike.

    Attributes:
        alpha: above 0.
    """

    alpha: float

    @property
    def spec(self) -> str:
        """`dirichlet:ALPHA`."""
        return f"dirichlet:{self.alpha}"

    def deal(self, dataset: Dataset, clients: int | None, seed: int) -> tuple[list[Share], Summary]:
        """See `Partition.deal`; without a number there are DEFAULT_CLIENTS.

        Raises:
            UserError: there are too few rows for so many clients.
        """
        check_clients(clients)
        wanted = DEFAULT_CLIENTS if clients is None else clients
        train_rows, test_rows = (_rows_by_class(dataset, side) for side in (Side.TRAIN, Side.CLIENT_TEST))
        self._check_enough(dataset.name, wanted, sum(map(len, train_rows)), sum(map(len, test_rows)))
        log_p = log_proportions(self.alpha, len(train_rows), wanted, seed)
        sizes, test_sizes = (np.array([[len(rows)] for rows in side]) for side in (train_rows, test_rows))
        share = np.exp(log_p)
        train = _apportion(share, sizes, log_p)
        moved = {"train": fill_up(train, LEAST_TRAIN, like=log_p + np.log(np.maximum(sizes, 1)))}
        test = _apportion(np.where(sizes > 0, train / np.maximum(sizes, 1), share), test_sizes, log_p)
        moved["test"] = fill_up(test, LEAST_TEST, like=train / train.sum(axis=0))
        dealt = zip(_deal(train_rows, train, seed, "train"), _deal(test_rows, test, seed, "test"), strict=True)
        shares = [Share(f"client {k}", *rows) for k, rows in enumerate(dealt)]
        return shares, {"alpha": self.alpha, "rows moved to feed small clients": moved}

    def _check_enough(self, name: str, clients: int, train: int, test: int) -> None:
        most = min(train // LEAST_TRAIN, test // LEAST_TEST)
        if clients > most:
            raise UserError(
                f"{self.spec} over {clients} clients needs {clients} x {LEAST_TRAIN} = {clients * LEAST_TRAIN} "
                f"training and {clients} x {LEAST_TEST} = {clients * LEAST_TEST} test rows, but {name} has {train} and "
                f"{test}: use at most {most} clients."
            )


def log_proportions(alpha: float, classes: int, clients: int, seed: int) -> NDArray[np.float64]:
    """Draw log p[classes, clients], every p[c] ~ Dirichlet(alpha, ..., alpha), finite for every alpha above 0.

    p is a row of Gamma(alpha) draws over their sum, and Gamma(alpha) = Gamma(alpha + 1) * U ** (1 / alpha). In
    logarithms nothing underflows. Beyond 1e-100 and 1e100 alpha makes no difference and is not followed.
    """
    rng = np.random.Generator(np.random.PCG64(fold_key(seed, "partition", "dirichlet")))
    alpha = min(max(alpha, 1e-100), 1e100)
    shape = (classes, clients)
    log_gamma = np.log(rng.standard_gamma(alpha + 1, shape)) + np.log1p(-rng.random(shape)) / alpha
    log_gamma -= log_gamma.max(axis=1, keepdims=True)
    log_p: NDArray[np.float64] = log_gamma - np.log(np.exp(log_gamma).sum(axis=1, keepdims=True))
    return log_p


def fill_up(counts: Counts, least: int, like: NDArray[np.float64]) -> int:
    """Move rows, in place, from the largest clients to those with fewer than `least`; returns how many moved.

    Args:
        counts: [classes, clients], at least `least` times clients in all.
        least: rows that every client shall have.
        like: [classes, clients]; a client gets rows of the class where its value is largest, as long as there are any.
    """
    total = counts.sum(axis=0)
    moved = 0
    for client in np.argsort(total, kind="stable"):
        liked = np.argsort(-like[:, client], kind="stable")
        while (lacking := least - total[client]) > 0:
            giving = (counts[liked] > 0) & (total > least)
            label = liked[giving.any(axis=1).argmax()]
            donor = np.where((counts[label] > 0) & (total > least), total, -1).argmax()
            rows = min(lacking, total[donor] - least, counts[label, donor])
            counts[label, client] += rows
            counts[label, donor] -= rows
            total[client] += rows
            total[donor] -= rows
            moved += int(rows)
    return moved


def _rows_by_class(dataset: Dataset, side: Side) -> list[Tensor]:
    rows = (dataset.side == side).nonzero().flatten()
    label = dataset.samples.label[rows]
    return [rows[label == c] for c in range(len(dataset.task.classes))]


def _apportion(share: NDArray[np.float64], sizes: Counts, first: NDArray[np.float64]) -> Counts:
    """Whole numbers [classes, clients] nearest to share * sizes that sum to `sizes` [classes, 1] in each class.

    The largest remainders are rounded up; among equal ones those with the largest value of `first`.
    """
    quota = share * sizes
    counts: Counts = np.floor(quota).astype(np.int64)
    for c, left in enumerate(sizes[:, 0] - counts.sum(axis=1)):
        counts[c, np.lexsort((-first[c], counts[c] - quota[c]))[:left]] += 1
    return counts


def _deal(rows: list[Tensor], counts: Counts, seed: int, split: str) -> list[Tensor]:
    """Per client its rows, ascending; within a class chance decides which."""
    parts = []
    for c, of_class in enumerate(rows):
        order = torch.randperm(len(of_class), generator=generator(seed, "partition", "rows", split, c))
        parts.append(torch.split(of_class[order], counts[c].tolist()))
    return [torch.cat(own).sort().values for own in zip(*parts, strict=True)]
