"""Clients and sets of the server, made of the rows that were chosen for them."""

from collections.abc import Sequence

from counterpoint.data.labels import Labels
from counterpoint.data.masking import Cut, presence, taken
from counterpoint.data.missing import Left
from counterpoint.data.population import ClientData, Dataset, Side
from counterpoint.data.samples import Samples


def members_of(samples: Samples, names: Sequence[str], left: Left, known: Labels, seed: int) -> tuple[ClientData, ...]:
    """The clients, with copies of their rows; those of a split, of all clients together, lie in one tensor a modality.

    Args:
        samples: all rows.
        names: of the clients.
        left: what is left of their rows.
        known: who has labels.
        seed: of the run.
    """
    owned = [
        tuple(m for m, own in zip(samples.modalities, cut.present.any(dim=0).tolist(), strict=True) if own)
        for cut in left.train
    ]
    labelled = [known.known(samples.label[cut.rows], id, seed) for id, cut in enumerate(left.train)]
    train = taken(samples, [cut.of(own) for cut, own in zip(left.train, labelled, strict=True)], owned)
    test = taken(samples, left.test, owned)
    unlabelled: Sequence[Samples | None] = [None] * len(names)
    if known.kind != "all":
        rest = [cut.of(~own) for cut, own in zip(left.train, labelled, strict=True)]
        unlabelled = taken(samples, rest, owned, hidden=True)
    return tuple(ClientData(id, *parts) for id, parts in enumerate(zip(names, train, test, unlabelled, strict=True)))


def aside(dataset: Dataset, side: Side, *, hidden: bool) -> Samples | None:
    """A copy of the rows that were set aside on a side, with all that they have; None if none were.

    Args:
        dataset: everything.
        side: PROXY or SERVER.
        hidden: whether their labels are.
    """
    rows = (dataset.side == side).nonzero().flatten()
    cut = Cut(rows, presence(dataset.samples)[rows]).nonempty()
    return taken(dataset.samples, [cut], [dataset.samples.modalities], hidden=hidden)[0] if len(rows) else None
