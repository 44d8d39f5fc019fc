"""Validation rows in place of tests: settings are chosen by them, so that no test has a say in it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from counterpoint.data.drawn import Plain
from counterpoint.data.partitions import LEAST_TEST, LEAST_TRAIN, Share
from counterpoint.data.partitions.holdout import hold_out
from counterpoint.data.partitions.summary import spread
from counterpoint.data.population import Dataset, Side
from counterpoint.errors import UserError

OF_TESTS = ("test rows a client", "units drawn for tests")
"""What partitions tell of tests."""


def check_share(share: float, missing_test: str | None) -> None:
    """Refuse a share that is out of range, and what speaks of tests where there are none.

    Args:
        share: of each client's training rows.
        missing_test: what tests lose; None where nothing is said of them.

    Raises:
        UserError: one of them is wrong.
    """
    if not 0 <= share < 1:
        raise UserError(f"validation={share:g}: the share of the training rows must be a number from 0 to below 1.")
    if share and missing_test is not None:
        raise UserError(
            f"missing_test {missing_test!r} says what tests lose, but with validation={share:g} there are no tests: "
            "leave one of them out."
        )


def blinded(dataset: Dataset) -> Dataset:
    """The same data set, but no label of a test row that the source declares can be read off it.

    Each such row has in place of its label one of its owner's training rows', in turn; of all training rows, where its
    owner has none. A partition then deals the training rows as it does with the true labels, unless these have classes
    that nobody trains on.
    """
    side, owner = dataset.side.numpy(), dataset.owner.numpy()
    train = (side == Side.TRAIN).nonzero()[0]
    tests = ((side == Side.CLIENT_TEST) | (side == Side.GLOBAL_TEST)).nonzero()[0]
    if not len(train) or not len(tests):
        return dataset
    train = train[np.argsort(owner[train], kind="stable")]
    tests = tests[np.argsort(owner[tests], kind="stable")]
    starts = np.searchsorted(owner[train], owner[tests])
    counts = np.searchsorted(owner[train], owner[tests], side="right") - starts
    turn = np.arange(len(tests)) - np.searchsorted(owner[tests], owner[tests])
    lent = train[np.where(counts > 0, starts + turn % np.maximum(counts, 1), turn % len(train))]
    label = dataset.samples.label.clone()
    label[tests] = label[lent]
    return replace(dataset, samples=replace(dataset.samples, label=label))


def stand_in(dataset: Dataset, shares: Sequence[Share], share: float, seed: int) -> tuple[Dataset, list[Share], Plain]:
    """Draw validation rows out of every client's training rows, and drop all tests.

    They are drawn as clients' tests are where the source declares none, see `hold_out`: by natural unit, stratified by
    label, so that no client trains on a unit that any is validated on. Where a client has one unit of each label, it
    trains on one label less; clients then give up other labels each, so that others train on every one. A client that
    cannot give up LEAST_TEST rows and keep LEAST_TRAIN keeps what it has.

    Args:
        dataset: everything.
        shares: the rows of each client.
        share: of a client's training rows, in (0, 1).
        seed: of the run.

    Returns:
        The data set without any row of a test; the clients' rows in it, those for validation as `test`; and what was
        drawn, as plain values.

    Raises:
        UserError: no client has rows enough.
    """
    rows = torch.cat([one.train for one in shares])
    client = torch.arange(len(shares)).repeat_interleave(torch.tensor([len(one.train) for one in shares]))
    unit, label = dataset.samples.unit[rows].numpy(), dataset.samples.label[rows].numpy()
    found, stuck = hold_out(
        client.numpy(), unit, label, len(shares), seed, share=share, purpose="validation", together=True
    )
    if len(stuck) == len(shares):
        most = max(len(one.train) for one in shares)
        raise UserError(
            f"validation={share:g}: no client of {dataset.name} can give up {LEAST_TEST} training rows, in whole "
            f"natural units, and keep {LEAST_TRAIN}; the largest has {most}: use fewer clients."
        )
    drawn = torch.from_numpy(found)
    aside = ((dataset.side == Side.PROXY) | (dataset.side == Side.SERVER)).nonzero().flatten()
    kept = torch.cat([rows, aside]).sort().values
    place = torch.full((len(dataset.side),), -1)
    place[kept] = torch.arange(len(kept))

    def own(k: int, which: Tensor) -> Tensor:
        return place[rows[(client == k) & which]].sort().values

    left = [Share(one.name, own(k, ~drawn), own(k, drawn)) for k, one in enumerate(shares)]
    told: Plain = {
        "share": share,
        "validation rows a client": spread([len(one.test) for one in left]),
        "units drawn": {"drawn": len(np.unique(unit[found])), "of": len(np.unique(unit))},
    }
    if stuck:
        told[f"clients with fewer than {LEAST_TEST} validation rows"] = len(stuck)
    return dataset.rows(kept), left, told


def without_tests(told: Plain) -> Plain:
    """What a partition tells, less what it tells of tests."""
    return {what: value for what, value in told.items() if what not in OF_TESTS}


def rates_named(drawn: Mapping[str, Plain]) -> dict[str, Plain]:
    """What the draw of missing modalities tells, its rates named by what they are of."""
    rates = drawn["missing rate by modality"]
    found: Plain = {"training": rates["training"], "validation": rates["client tests"]}
    return {**drawn, "missing rate by modality": found}
