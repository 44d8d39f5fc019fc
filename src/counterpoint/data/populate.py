"""From a data set to a population: deal the rows to clients, then draw what is missing."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from counterpoint.data import missing as missingness
from counterpoint.data import partitions
from counterpoint.data.masking import conceal, nonempty, owned_only, presence
from counterpoint.data.missing import Missing
from counterpoint.data.population import ClientData, Dataset, Population, Side
from counterpoint.data.samples import Samples, side_by_side
from counterpoint.randomness import generator


def populate(
    dataset: Dataset,
    *,
    partition: str = "natural",
    clients: int | None = None,
    missing: str = "none",
    seed: int = 0,
) -> Population:
    """Deal a data set to clients 0, 1, 2, ... and draw what they lack; all of it decided by the seed.

    Missingness holds in train, client test and global test alike. With `client:RATE` the natural owners of the global
    test set lose modalities in a draw of their own; with `sample:RATE` every split of every client is drawn by itself.
    What is lost is overwritten with zero. A client owns the modalities that its training rows show; rows that show no
    modality are dropped.

    Args:
        dataset: from a source.
        partition: `natural` or `dirichlet:ALPHA`, see `partitions.parse`.
        clients: how many, or None for the partition's own number.
        missing: `none`, `client:RATE` or `sample:RATE`, see `missing.parse`.
        seed: of the run.

    Raises:
        UserError: a text cannot be read, or the data cannot give what is asked.
    """
    dealing, gaps = partitions.parse(partition), missingness.parse(missing)
    missingness.check_rate(gaps.rate, len(dataset.modalities))
    shares, summary = dealing.deal(dataset, clients, seed)
    whole = [dataset.samples.rows(rows) for share in shares for rows in (share.train, share.test)]
    masked, lost = _mask_clients(whole, gaps, seed)
    members = _in_few_tensors(
        [
            owned_only(ClientData(id, share.name, train, test))
            for id, (share, train, test) in enumerate(zip(shares, masked[::2], masked[1::2], strict=True))
        ]
    )
    test, test_lost = _mask_test(dataset, gaps, seed)
    classes = dataset.task.classes
    drawn = {
        "seed": seed,
        "partition": {"spec": dealing.spec, "clients": len(members), **summary},
        "missing": {"spec": gaps.spec, "realised rate": lost},
        "clients": [_tell_client(member, classes) for member in members],
        "test": {**_tell(test, classes), "realised missing rate": test_lost},
    }
    return Population(dataset.name, dataset.task, dataset.modalities, members, test, dataset.card, drawn)


def _in_few_tensors(members: Sequence[ClientData]) -> tuple[ClientData, ...]:
    """The same clients, the training rows of all of them in one tensor a modality, and their test rows too."""
    train, test = (side_by_side([getattr(one, split) for one in members]) for split in ("train", "test"))
    return tuple(replace(one, train=a, test=b) for one, a, b in zip(members, train, test, strict=True))


def _mask_clients(splits: Sequence[Samples], gaps: Missing, seed: int) -> tuple[list[Samples], float]:
    """Return train and test of each client in turn, with what they lose removed, and the share of pairs lost."""
    there = [presence(split) for split in splits]
    if gaps.level == "client":
        before = torch.stack([train.any(dim=0) for train in there[::2]])
        after = missingness.draw(before, gaps.rate, generator(seed, "missing", "clients"))
        kept = [rows & after[i // 2] for i, rows in enumerate(there)]
    else:
        kept = [
            missingness.draw(rows, gaps.rate, generator(seed, "missing", "client", i // 2, ("train", "test")[i % 2]))
            for i, rows in enumerate(there)
        ]
        before, after = torch.cat(there), torch.cat(kept)
    return [conceal(split, rows) for split, rows in zip(splits, kept, strict=True)], _share_lost(before, after)


def _mask_test(dataset: Dataset, gaps: Missing, seed: int) -> tuple[Samples, float]:
    """Return the global test set with what it loses removed, and the share of pairs lost."""
    index = (dataset.side == Side.GLOBAL_TEST).nonzero().flatten()
    rows = dataset.samples.rows(index)
    before = there = presence(rows)
    source = generator(seed, "missing", "global test")
    if gaps.level == "client":
        owner = dataset.owner[index]
        before = torch.stack([there[owner == one].any(dim=0) for one in range(len(dataset.owners))])
        after = missingness.draw(before, gaps.rate, source)
        kept = there & after[owner]
    else:
        after = kept = missingness.draw(there, gaps.rate, source)
    return nonempty(conceal(rows, kept)), _share_lost(before, after)


def _share_lost(before: Tensor, after: Tensor) -> float:
    return int((before & ~after).sum()) / max(int(before.sum()), 1)


def _tell(rows: Samples, classes: Sequence[str]) -> dict[str, object]:
    counts = rows.label.bincount(minlength=len(classes)).tolist()
    return {"rows": len(rows), "labels": dict(zip(classes, counts, strict=True)), "patterns": rows.patterns()}


def _tell_client(client: ClientData, classes: Sequence[str]) -> dict[str, object]:
    splits = {"train": _tell(client.train, classes), "test": _tell(client.test, classes)}
    return {"id": client.id, "name": client.name, "modalities": list(client.modalities), **splits}
