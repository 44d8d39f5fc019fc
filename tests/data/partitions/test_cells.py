"""Cells, pieces, and how many of them are enough."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.data import Dataset, Side
from counterpoint.data.partitions import LEAST_TEST, LEAST_TRAIN
from counterpoint.data.partitions.cells import cut, enough, splits


def can_be_parted(sizes: list[int]) -> bool:
    """By trying every choice of test units."""
    choices = (c for n in range(len(sizes) + 1) for c in combinations(sizes, n))
    return any(sum(c) >= LEAST_TEST and sum(sizes) - sum(c) >= LEAST_TRAIN for c in choices)


@given(st.lists(st.integers(1, 12), max_size=11))
def test_whether_units_split_is_what_trying_finds(sizes: list[int]) -> None:
    assert splits(np.array(sizes, dtype=np.int64)) == can_be_parted(sizes)


@given(st.lists(st.integers(1, 12), min_size=2, max_size=10))
def test_enough_units_are_enough_whichever_they_are(sizes: list[int]) -> None:
    number = enough(np.array(sizes))
    assert all(can_be_parted(list(some)) for some in combinations(sizes, number))
    if number <= len(sizes):
        assert not can_be_parted(sorted(sizes)[: number - 1])


@pytest.mark.parametrize(
    ("sizes", "number"),
    [([1] * 50, 10), ([2] * 50, 5), ([8] * 50, 2), ([17] * 50, 2), ([1] + [20] * 50, 3), ([5] * 50, 3), ([9, 1], 10)],
)
def test_how_many_units_are_enough(sizes: list[int], number: int) -> None:
    assert enough(np.array(sizes)) == number


def test_a_piece_is_a_row_where_tests_are_declared(toy: Callable[..., Dataset]) -> None:
    dataset = toy(owners=2, classes=2, train=3, test=2, held=1)
    dataset.samples.unit[:] = 7
    cells = cut(dataset, by_owner=True)
    assert cells.test is not None
    assert cells.label.tolist() == [0, 0, 1, 1]
    assert cells.owner is not None
    assert cells.owner.tolist() == [0, 1, 0, 1]
    assert (cells.train.sizes.tolist(), cells.test.sizes.tolist()) == ([3] * 4, [2] * 4)
    assert cells.train.rows.tolist() == (dataset.side == Side.TRAIN).nonzero().flatten().tolist()
    assert cells.least == LEAST_TRAIN
    assert cut(dataset, by_owner=False).train.sizes.tolist() == [6, 6]


def test_a_piece_is_a_unit_in_a_cell_where_tests_are_drawn(table: Callable[..., Dataset]) -> None:
    dataset = table(
        [1, 0, 1, 1, 0, 1, 0],
        owner=[0, 0, 1, 1, 0, 0, 0],
        unit=[10**15, 5, 5, 10**15, 5, 10**15, 3],
        side=[Side.TRAIN] * 6 + [Side.PROXY],
    )
    cells = cut(dataset, by_owner=False)
    assert cells.train.rows.tolist() == [0, 1, 2, 3, 4, 5]
    assert cells.train.piece.tolist() == [0, 1, 2, 0, 1, 0]
    assert cells.train.cell.tolist() == [1, 0, 1]
    assert cells.train.sizes.tolist() == [1, 2]
    assert (cells.test, cells.entangled, cells.train.single) == (None, True, False)
    owned = cut(dataset, by_owner=True)
    assert owned.train.piece.tolist() == [0, 1, 2, 3, 1, 0]
    assert owned.label[owned.train.cell].tolist() == [1, 0, 1, 1]


def test_dealing_pieces(table: Callable[..., Dataset]) -> None:
    pieces = cut(table([0, 0, 0, 1, 1, 1], unit=[0, 0, 1, 2, 3, 3]), by_owner=False).train
    keys = [("train", 0), ("train", 1)]
    client = pieces.deal(np.array([[1, 1], [0, 0]]), 0, keys)
    assert client[0] == client[1] != client[2]
    assert client[3:].tolist() == [-1, -1, -1]
    drawn = {tuple(pieces.deal(np.array([[1, 1], [2, 0]]), seed, keys).tolist()) for seed in range(20)}
    assert drawn == {(0, 0, 1, 0, 0, 0), (1, 1, 0, 0, 0, 0)}
