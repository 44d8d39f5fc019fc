"""The natural partition: who owns rows in reality is a client."""

from dataclasses import dataclass

import torch

from counterpoint.data.partitions.share import LEAST_TEST, LEAST_TRAIN, Share, Summary, check_clients
from counterpoint.data.population import Dataset, Side
from counterpoint.errors import UserError
from counterpoint.randomness import generator


@dataclass(frozen=True)
class Natural:
    """Each owner with at least LEAST_TRAIN training and LEAST_TEST test rows is a client, in order of `owners`.

    With fewer clients asked for than there are, the seed decides which owners take part.
    """

    spec: str = "natural"

    def deal(self, dataset: Dataset, clients: int | None, seed: int) -> tuple[list[Share], Summary]:
        """See `Partition.deal`.

        Raises:
            UserError: more clients are asked for than there are owners with enough rows.
        """
        check_clients(clients)
        train = dataset.owner[dataset.side == Side.TRAIN].bincount(minlength=len(dataset.owners))
        test = dataset.owner[dataset.side == Side.CLIENT_TEST].bincount(minlength=len(dataset.owners))
        owners = ((train >= LEAST_TRAIN) & (test >= LEAST_TEST)).nonzero().flatten()
        too_small = int(((train + test > 0) & ~((train >= LEAST_TRAIN) & (test >= LEAST_TEST))).sum())
        wanted = len(owners) if clients is None else clients
        if wanted > len(owners) or not len(owners):
            raise UserError(
                f"clients={wanted}: {dataset.name} has {len(owners)} natural clients (owners with at least "
                f"{LEAST_TRAIN} training and {LEAST_TEST} test rows): ask for no more, or use partition dirichlet:0.5."
            )
        if wanted < len(owners):
            chosen = torch.randperm(len(owners), generator=generator(seed, "partition", "natural"))[:wanted]
            owners = owners[chosen.sort().values]
        shares = [_share(dataset, owner) for owner in owners.tolist()]
        return shares, {"natural clients": len(shares), "owners with too few rows": too_small}


def _share(dataset: Dataset, owner: int) -> Share:
    own = dataset.owner == owner
    train, test = ((own & (dataset.side == side)).nonzero().flatten() for side in (Side.TRAIN, Side.CLIENT_TEST))
    return Share(dataset.owners[owner], train, test)
