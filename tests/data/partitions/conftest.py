"""Data sets written down row by row, and what must hold of every dealing."""

from collections.abc import Callable, Sequence

import pytest
import torch

from counterpoint.data import Card, Dataset, Modality, Samples, Side, Task
from counterpoint.data.partitions import LEAST_TEST, LEAST_TRAIN, Share


def _table(
    label: Sequence[int],
    *,
    owner: Sequence[int] | None = None,
    unit: Sequence[int] | None = None,
    side: Sequence[int] | None = None,
    classes: int | None = None,
    name: str = "table",
) -> Dataset:
    rows = len(label)
    owner = [0] * rows if owner is None else owner
    return Dataset(
        name,
        Task(tuple(f"class {c}" for c in range(classes or max(label, default=0) + 1))),
        {"m": Modality("m", "table", (1,))},
        Samples(
            {"m": torch.zeros(rows, 1)},
            {"m": torch.ones(rows, dtype=torch.bool)},
            torch.tensor(label, dtype=torch.long),
            torch.tensor(range(rows) if unit is None else unit, dtype=torch.long),
        ),
        torch.tensor(owner, dtype=torch.long),
        tuple(f"owner {o}" for o in range(max(owner, default=0) + 1)),
        torch.full((rows,), int(Side.TRAIN)) if side is None else torch.tensor(side, dtype=torch.long),
        Card(name, "made up", "nowhere", "none", "", {}, "by unit"),
    )


def _assert_sound(dataset: Dataset, shares: Sequence[Share], *, everything: bool = True) -> None:
    train, test = (torch.cat([getattr(share, split) for share in shares]) for split in ("train", "test"))
    declared = bool((dataset.side == Side.CLIENT_TEST).any())
    dealt = torch.cat([train, test])
    assert len(dealt.unique()) == len(dealt)
    assert set(dataset.side[train].tolist()) == {Side.TRAIN}
    assert set(dataset.side[test].tolist()) == {Side.CLIENT_TEST if declared else Side.TRAIN}
    if everything:
        allowed = (Side.TRAIN, Side.CLIENT_TEST) if declared else (Side.TRAIN,)
        assert torch.equal(dealt.sort().values, torch.isin(dataset.side, torch.tensor(allowed)).nonzero().flatten())
    assert not set(dataset.samples.unit[train].tolist()) & set(dataset.samples.unit[test].tolist())
    for share in shares:
        assert len(share.train) >= LEAST_TRAIN
        assert len(share.test) >= LEAST_TEST
        assert all(torch.equal(rows, rows.sort().values) for rows in (share.train, share.test))


@pytest.fixture(scope="session")
def table() -> Callable[..., Dataset]:
    """Makes a data set of given labels, owners, units and sides; a row is a unit of its own unless told."""
    return _table


@pytest.fixture(scope="session")
def assert_sound() -> Callable[..., None]:
    """Checks that no row is dealt twice, nothing is left out, no unit is on two sides, and nobody has too little."""
    return _assert_sound


@pytest.fixture(scope="session")
def emoji_like() -> Dataset:
    """Two vendors draw the same 400 emoji of four unequal classes."""
    label = [0] * 200 + [1] * 120 + [2] * 60 + [3] * 20
    return _table(label * 2, owner=[0] * 400 + [1] * 400, unit=[*range(400)] * 2, name="emoji-like")


@pytest.fixture(scope="session")
def stamps_like() -> Dataset:
    """Speakers of eight languages name 200 stamps of five classes; here and there one is missing."""
    pairs = [(stamp, speaker) for stamp in range(200) for speaker in range(8) if (stamp * 7 + speaker * 3) % 11]
    label = [(0, 0, 0, 1, 1, 2, 2, 3, 3, 4)[stamp % 10] for stamp, _ in pairs]
    return _table(label, owner=[o for _, o in pairs], unit=[u for u, _ in pairs], name="stamps-like")
