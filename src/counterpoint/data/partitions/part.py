"""A part of a partition: one reason why clients differ, as a weight of every cell at every client."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from counterpoint.data.partitions.cells import Cells, Floats
from counterpoint.data.partitions.share import Share, Summary
from counterpoint.data.population import Dataset
from counterpoint.randomness import fold_key


class CrowdedError(Exception):
    """Fewer clients may be dealt to, but not so many. The message is a clause that says why."""


class Part(ABC):
    """What a text such as `dirichlet:0.5` stands for. Parts are joined by multiplying their weights.

    Attributes:
        name: the text before the colon.
        skew: in what clients differ, for people.
        by_owner: whether weights differ from owner to owner, so that cells must tell owners apart.
        by_label: whether weights differ from label to label.
        by_chance: whether chance decides who gets what rounding leaves over, see `apportion`.
        feeds_evenly: whether a client that is fed gets pieces in the formula's proportions, not all of the cell of
            which it should have most.
        exact_labels: whether every client has rows of each label that its weights allow.
    """

    name: ClassVar[str]
    skew: ClassVar[str]
    by_owner: ClassVar[bool] = False
    by_label: ClassVar[bool] = False
    by_chance: ClassVar[bool] = True
    feeds_evenly: ClassVar[bool] = True
    exact_labels: ClassVar[bool] = False

    @property
    @abstractmethod
    def spec(self) -> str:
        """The text that stands for it."""

    @property
    def least(self) -> int:
        """Pieces that a client must have for the part's sake, where its test is drawn out of them."""
        return 0

    @abstractmethod
    def log_weight(self, cells: Cells, clients: int, seed: int) -> Floats:
        """Draw the logarithm of the weights, [cells, clients] or [1, clients]; -inf where a client must get nothing.

        Raises:
            CrowdedError: there cannot be so many clients.
            UserError: the part cannot be had of this data set at all.
        """

    def tell(self, dataset: Dataset, shares: list[Share]) -> Summary:
        """What came of it, beyond what is told of every partition."""
        return {}


def log_gamma(alpha: float, shape: tuple[int, ...], seed: int, name: str) -> Floats:
    """Draw logarithms of Gamma(alpha), finite for every alpha above 0; over their sum they are Dirichlet(alpha).

    Gamma(alpha) = Gamma(alpha + 1) * U ** (1 / alpha). In logarithms nothing underflows. Beyond 1e-100 and 1e100 alpha
    makes no difference and is not followed.

    Args:
        alpha: above 0.
        shape: of the draws.
        seed: of the run.
        name: of the part that draws.
    """
    rng = np.random.Generator(np.random.PCG64(fold_key(seed, "partition", name)))
    alpha = min(max(alpha, 1e-100), 1e100)
    drawn: Floats = np.log(rng.standard_gamma(alpha + 1, shape)) + np.log1p(-rng.random(shape)) / alpha
    return drawn


def number(value: float) -> str:
    """A number as it is written in a partition's text, where + joins parts."""
    return str(value).replace("e+", "e")
