"""Shares and whole numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.data.partitions.rounding import apportion, share_of


def test_shares_of_a_cell() -> None:
    log_share = share_of(np.log([[1.0, 3.0], [2.0, 2.0]]))
    assert np.exp(log_share) == pytest.approx(np.array([[0.25, 0.75], [0.5, 0.5]]))


def test_nothing_underflows_and_a_weight_of_zero_is_no_share() -> None:
    log_share = share_of(np.array([[-1e300, -np.inf, -1e300], [-np.inf, -np.inf, -np.inf]]))
    assert np.exp(log_share[0]) == pytest.approx([0.5, 0, 0.5])
    assert (log_share[1] == -np.inf).all()


def test_the_largest_remainders_are_rounded_up() -> None:
    share = np.array([[0.5, 0.26, 0.24]])
    assert apportion(share, np.array([10]), np.log(share), np.zeros(1)).tolist() == [[5, 3, 2]]


def test_a_chain_of_cells_passes_remainders_on() -> None:
    share = np.full((4, 3), [0.5, 0.3, 0.2])
    sizes = np.ones(4, dtype=np.int64)
    assert apportion(share, sizes, np.log(share), np.arange(4)).tolist() == [[1, 0, 0]] * 4
    chained = apportion(share, sizes, np.log(share), np.zeros(4))
    assert chained.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]
    two = apportion(share, sizes, np.log(share), np.array([0, 0, 1, 1]))
    assert two.tolist() == [[1, 0, 0], [0, 1, 0]] * 2


def test_chance_gives_each_client_what_the_formula_does_on_average() -> None:
    """Of 20,000 cells of one row, or of three, each shared by itself."""
    share = np.full((20_000, 4), [0.5, 0.3, 0.2, 0.0])
    log_share = share_of(np.where(share > 0, np.log(np.maximum(share, 1e-9)), -np.inf))
    for size in (1, 3):
        sizes = np.full(20_000, size)
        counts = apportion(share, sizes, log_share, np.arange(20_000), np.random.default_rng(0))
        assert (counts.sum(axis=1) == size).all()
        assert counts.mean(axis=0) == pytest.approx(size * share[0], abs=0.015)
        assert (np.abs(counts - size * share) < 1).all()


def test_chance_decides_in_the_first_cell_of_a_chain_only() -> None:
    share = np.full((3, 3), 1 / 3)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        counts = apportion(share, np.ones(3, dtype=np.int64), np.log(share), np.zeros(3), rng)
        assert counts.sum(axis=0).tolist() == [1, 1, 1]


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_whole_numbers_are_near_the_formula(
    cells: int, clients: int, seed: int, chained: bool, by_chance: bool
) -> None:
    rng = np.random.default_rng(seed)
    weight = rng.standard_gamma(rng.choice([0.05, 1.0]), (cells, clients)) + 1e-300
    weight[rng.random((cells, clients)) < 0.3] = 0
    weight[np.arange(cells), rng.integers(0, clients, cells)] += 0.1
    with np.errstate(divide="ignore"):
        log_share = share_of(np.log(weight))
    sizes = rng.integers(0, 30, cells)
    chain = np.zeros(cells) if chained else np.arange(cells)
    counts = apportion(np.exp(log_share), sizes, log_share, chain, rng if by_chance else None)
    assert (counts.sum(axis=1) == sizes).all()
    assert (np.abs(counts - np.exp(log_share) * sizes[:, None]) <= 1 + 1e-9).all()
    assert (counts[weight == 0] == 0).all()
    assert (counts >= 0).all()
