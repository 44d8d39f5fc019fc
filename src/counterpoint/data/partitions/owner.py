"""Feature skew: clients whose rows come from different natural owners, which may be fewer than the clients."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from counterpoint.data.partitions.cells import Cells, Floats, Ints
from counterpoint.data.partitions.part import Part, log_gamma, number
from counterpoint.data.partitions.rounding import share_of
from counterpoint.data.partitions.share import Share, Summary
from counterpoint.data.partitions.summary import spread
from counterpoint.data.population import Dataset
from counterpoint.errors import UserError
from counterpoint.randomness import fold_key

TOLD = 24
"""The main owner of each client is told where there are at most so many clients."""


@dataclass(frozen=True)
class Owner(Part):
    """For each client k, a mixture over the natural owners is drawn: m[k] ~ Dirichlet(alpha, ..., alpha).

    The weight of a cell of owner o at client k is m[k, o]. Small alpha: one owner a client. Large alpha: all clients
    alike. Which owner is the main one of a client is dealt, so that each is that of about the same number of clients:
    owner o is dealt to k at random, and m[k, o] changes places with the largest value of m[k]. Each m[k] is Dirichlet
    still, for owners are dealt without regard to the draws. With fewer clients than owners, some owners are nobody's
    main one; their rows are shared by the same formula.

    Attributes:
        alpha: above 0.
    """

    alpha: float

    name: ClassVar[str] = "owner"
    skew: ClassVar[str] = "feature skew by owner"
    by_owner: ClassVar[bool] = True

    @property
    def spec(self) -> str:
        """`owner:ALPHA`."""
        return f"owner:{number(self.alpha)}"

    def log_weight(self, cells: Cells, clients: int, seed: int) -> Floats:
        """See `Part.log_weight`.

        Raises:
            UserError: all rows have one owner.
        """
        assert cells.owner is not None
        trained = np.unique(cells.owner[cells.train.sizes > 0])
        if len(trained) < 2:
            raise UserError(
                f"{self.spec}: all training rows of {cells.dataset.name} have one owner, so there is nothing to keep "
                f"apart: leave it out, or use dirichlet:0.5 in its place."
            )
        owners = np.unique(cells.owner)
        log_mixture = log_mixtures(self.alpha, len(owners), np.searchsorted(owners, trained), clients, seed)
        return log_mixture[np.searchsorted(owners, cells.owner)]

    def tell(self, dataset: Dataset, shares: list[Share]) -> Summary:
        """The share of each client's rows from the owner of which it has most."""
        rows = [dataset.owner[torch.cat([share.train, share.test])] for share in shares]
        counts = torch.stack([owner.bincount(minlength=len(dataset.owners)) for owner in rows])
        part = (counts.max(1).values / counts.sum(1)).tolist()
        told: Summary = {"share of a client's rows from its main owner": spread([round(value, 3) for value in part])}
        if len(shares) <= TOLD:
            main = [dataset.owners[place] for place in counts.argmax(1).tolist()]
            told["main owners"] = {s.name: f"{o} {p:.0%}" for s, o, p in zip(shares, main, part, strict=True)}
        return told


def log_mixtures(alpha: float, owners: int, main: Ints, clients: int, seed: int) -> Floats:
    """Draw log m[owners, clients]: of each client, over the owners.

    Args:
        alpha: above 0.
        owners: how many.
        main: those that are dealt as main owners, each to as many clients as any other, or one more.
        clients: how many.
        seed: of the run.
    """
    log_mixture = share_of(log_gamma(alpha, (clients, owners), seed, Owner.name))
    rng = np.random.Generator(np.random.PCG64(fold_key(seed, "partition", Owner.name, "main")))
    dealt = np.concatenate([rng.permutation(main) for _ in range(-(-clients // len(main)))])[:clients]
    each, largest = np.arange(clients), log_mixture.argmax(axis=1)
    log_mixture[each, dealt], log_mixture[each, largest] = log_mixture[each, largest], log_mixture[each, dealt]
    return log_mixture.T
