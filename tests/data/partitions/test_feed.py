"""Feeding small clients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.data.partitions.feed import HungryError, fill_up, fill_up_keeping, one_of_each


def test_pieces_come_from_the_largest_and_follow_the_liking() -> None:
    counts = np.array([[10, 6, 0], [4, 0, 0]])
    moved = fill_up(counts, 3, like=np.array([[0.0, 0.0, 0.2], [0.0, 0.0, 0.8]]))
    assert moved == 3
    assert counts.tolist() == [[10, 6, 0], [1, 0, 3]]


def test_pieces_come_by_way_of_others_where_they_must() -> None:
    """Client 0 may have cell 0 alone, whose pieces client 1 needs; client 1 may have of cell 1, where 2 has much."""
    counts = np.array([[0, 3, 0], [0, 0, 9]])
    never = -np.inf
    moved = fill_up(counts, 3, like=np.array([[0.0, 0.0, never], [never, 0.0, 0.0]]))
    assert moved == 6
    assert counts.tolist() == [[3, 0, 0], [0, 3, 6]]


def test_who_goes_hungry_is_told() -> None:
    counts = np.array([[2, 3, 0], [0, 0, 9]])
    never = -np.inf
    with pytest.raises(HungryError) as error:
        fill_up(counts, 3, like=np.array([[0.0, 0.0, never], [never, never, 0.0]]))
    assert (error.value.clients.tolist(), error.value.cells.tolist(), error.value.pieces) == ([0, 1], [0], 5)


def test_everyone_gets_one_of_each_label_and_keeps_it() -> None:
    allowed = np.array([[True, True, False], [True, True, False], [True, False, True]])
    label = np.array([0, 0, 1])
    counts = np.array([[0, 1, 0], [0, 7, 0], [5, 0, 0]])
    assert one_of_each(counts, allowed, label) == 2
    assert counts.tolist() == [[0, 1, 0], [1, 6, 0], [4, 0, 1]]
    like = np.where(allowed, 0.0, -np.inf)
    assert fill_up_keeping(counts, 4, like, None, label) == 5
    assert counts.tolist() == [[1, 0, 0], [2, 5, 0], [1, 0, 4]]


def test_a_mixture_is_kept_as_far_as_it_goes() -> None:
    counts = np.array([[20, 0, 0], [20, 1, 0], [1, 0, 0]])
    mixture = np.full((3, 3), [[0.5], [0.25], [0.25]])
    moved = fill_up(counts, 8, like=np.zeros((3, 3)), mixture=mixture)
    assert moved == 15
    assert counts.tolist() == [[10, 5, 5], [16, 3, 2], [0, 0, 1]]


@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 4), st.integers(0, 2**32 - 1), st.booleans())
def test_everyone_is_fed_if_that_is_possible_at_all(
    cells: int, clients: int, least: int, seed: int, mixed: bool
) -> None:
    """Possible, by Hall's theorem, unless some clients together may have fewer pieces than they need."""
    rng = np.random.default_rng(seed)
    allowed = rng.random((cells, clients)) < 0.5
    counts = np.where(allowed, rng.integers(0, 5, (cells, clients)), 0)
    before = counts.copy()
    try:
        mixture = rng.dirichlet(np.ones(cells), clients).T if mixed else None
        fill_up(counts, least, np.where(allowed, rng.random((cells, clients)), -np.inf), mixture)
    except HungryError as error:
        within = allowed[:, error.clients].any(axis=1)
        assert within.nonzero()[0].tolist() == error.cells.tolist()
        assert before[within].sum() == error.pieces < least * len(error.clients)
        return
    assert (counts.sum(axis=1) == before.sum(axis=1)).all()
    assert (counts.sum(axis=0) >= least).all()
    assert (counts[~allowed] == 0).all()
    assert (counts >= 0).all()
