"""Clients that have a few classes each, and nothing of the others."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from counterpoint.data.partitions.cells import Cells, Floats, Ints
from counterpoint.data.partitions.part import CrowdedError, Part
from counterpoint.data.partitions.share import LEAST_TEST, Share, Summary
from counterpoint.data.partitions.summary import spread
from counterpoint.data.population import Dataset
from counterpoint.errors import UserError
from counterpoint.randomness import fold_key


@dataclass(frozen=True)
class Pathological(Part):
    """Every client has rows of exactly N classes. The weight is 1 in cells of these, and 0 in all others.

    Classes are dealt at random, so that each goes to at least one client and to as many as any other, or one more or
    fewer; to fewer still where it has too few rows for so many. McMahan et al. (2017) sort rows by label, cut them into
    equal shards, and deal each client N shards: there a client may have fewer classes than N (two shards of one class)
    or more (a shard across a border), all have as many rows, and the more rows a class has, the more clients. Here the
    number of classes is exact, the clients of a class share it equally, and so sizes differ as classes do.

    Attributes:
        classes: N, from 1.
    """

    classes: int

    name: ClassVar[str] = "pathological"
    skew: ClassVar[str] = "few classes a client"
    by_label: ClassVar[bool] = True
    exact_labels: ClassVar[bool] = True

    @property
    def spec(self) -> str:
        """`pathological:N`."""
        return f"pathological:{self.classes}"

    @property
    def least(self) -> int:
        """One to train on of each class, and enough to be tested on."""
        return self.classes + LEAST_TEST

    def log_weight(self, cells: Cells, clients: int, seed: int) -> Floats:
        """See `Part.log_weight`.

        Raises:
            CrowdedError: the classes have too few rows for so many clients.
            UserError: there are fewer classes than N, or too few clients to hold them all.
        """
        pieces = np.bincount(cells.label, weights=cells.train.sizes).astype(np.int64)
        trained = pieces.nonzero()[0]
        self._check(cells.dataset.name, len(trained), clients)
        rng = np.random.Generator(np.random.PCG64(fold_key(seed, "partition", self.name)))
        places = self._places(pieces[trained], clients, cells.least, rng)
        has = np.zeros((len(pieces), clients), dtype=bool)
        has[trained] = deal_classes(places, clients, self.classes, rng)
        weight: Floats = np.where(has[cells.label], 0.0, -np.inf)
        return weight

    def tell(self, dataset: Dataset, shares: list[Share]) -> Summary:
        """How many classes clients have."""
        label = dataset.samples.label.numpy()
        own = [np.union1d(label[share.train], label[share.test]) for share in shares]
        return {"classes a client": spread([len(labels) for labels in own])}

    def _check(self, name: str, trained: int, clients: int) -> None:
        if self.classes > trained:
            raise UserError(
                f"{self.spec}: {name} has {trained} classes to train on: use at most pathological:{trained}."
            )
        if clients * self.classes < trained:
            raise UserError(
                f"{self.spec} over {clients} clients gives out {clients * self.classes} classes, but {name} has "
                f"{trained}, and none may be left over: use at least {-(-trained // self.classes)} clients, or "
                f"pathological:{-(-trained // clients)}."
            )

    def _places(self, pieces: Ints, clients: int, least: int, rng: np.random.Generator) -> Ints:
        """To how many clients each class goes, if possible no more than it could feed with as many other classes."""
        for each in (-(-least // self.classes), 1):
            most = np.minimum(np.maximum(pieces // each, 1), clients)
            if most.sum() >= clients * self.classes:
                return level(most, clients * self.classes, rng)
        raise CrowdedError(
            f"small classes have so few rows that only {most.sum()} of the {clients} x {self.classes} = "
            f"{clients * self.classes} places for classes can be filled"
        )


def level(most: Ints, total: int, rng: np.random.Generator) -> Ints:
    """Whole numbers from 1 up to `most` that sum to `total` and are as equal as they can be; chance gives who has more.

    Args:
        most: [classes], from 1.
        total: from the number of classes up to the sum of `most`.
        rng: decides.
    """
    height = next(h for h in range(1, int(most.max()) + 1) if np.minimum(most, h).sum() >= total)
    numbers = np.minimum(most, height)
    over = int(numbers.sum()) - total
    numbers[rng.permutation((most >= height).nonzero()[0])[:over]] -= 1
    return numbers


def deal_classes(places: Ints, clients: int, each: int, rng: np.random.Generator) -> np.ndarray:
    """Deal every client `each` classes: those that have most places left, chance deciding between equal ones.

    Args:
        places: [classes], to how many clients a class goes; they sum to clients * each, none above clients.
        clients: how many.
        each: classes a client.
        rng: decides.

    Returns:
        bool [classes, clients].
    """
    left = places.copy()
    has = np.zeros((len(places), clients), dtype=bool)
    for client in range(clients):
        chosen = np.lexsort((rng.random(len(left)), -left))[:each]
        has[chosen, client] = True
        left[chosen] -= 1
    return has
