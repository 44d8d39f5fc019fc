"""Means, paired differences, Holm and ranks: by hand, by the book, by scipy, by simulation."""

import math
import sys
from itertools import permutations

import pytest
import torch
from scipy import stats

from counterpoint.errors import UserError
from counterpoint.experiments.statistics import holm, mean_of, paired, ranks
from counterpoint.experiments.statistics.ranks import critical_difference
from counterpoint.randomness import generator

DEMSAR = {2: 1.960, 3: 2.343, 4: 2.569, 5: 2.728, 6: 2.850, 7: 2.949, 8: 3.031, 9: 3.102, 10: 3.164}
"""Critical values of the two-tailed Nemenyi test at 0.05 by number of methods, as printed in Demsar (2006)."""


def drawn(purpose: str, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=generator(0, "test", purpose), dtype=torch.float64)


# A mean.


def test_a_mean_by_hand() -> None:
    found = mean_of([1.0, 2.0, 3.0, 4.0])
    assert (found.mean, found.n) == (2.5, 4)
    assert found.std == pytest.approx(math.sqrt(5 / 3))
    reach = 3.182446 * math.sqrt(5 / 3) / 2  # t(0.975, 3) of any table
    assert (found.low, found.high) == pytest.approx((2.5 - reach, 2.5 + reach), rel=1e-6)


def test_one_value_has_no_spread() -> None:
    found = mean_of([0.8])
    assert (found.mean, found.std, found.n, found.low, found.high) == (0.8, None, 1, None, None)


def test_equal_values_have_none_either() -> None:
    found = mean_of([0.1] * 3)
    assert (found.mean, found.std, found.low, found.high) == (0.1, 0.0, 0.1, 0.1)


def test_there_is_no_mean_of_nothing() -> None:
    with pytest.raises(ValueError, match="no values"):
        mean_of([])


def test_the_interval_is_that_of_scipy() -> None:
    values = drawn("interval", 7).tolist()
    found = mean_of(values)
    low, high = stats.t.interval(0.95, 6, loc=sum(values) / 7, scale=stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high))


@pytest.mark.parametrize("n", [3, 5])
def test_the_interval_covers_the_mean_as_often_as_it_says(n: int) -> None:
    times = 2000
    rows = (drawn(f"coverage {n}", times, n) * 0.02 + 0.8).tolist()
    covered = sum(found.low <= 0.8 <= found.high for found in map(mean_of, rows))  # type: ignore[operator]
    assert abs(covered / times - 0.95) < 4 * math.sqrt(0.95 * 0.05 / times)


# A paired difference.


def test_a_difference_is_over_the_seeds_that_both_have() -> None:
    found = paired({0: 0.9, 1: 0.8, 2: 0.7, 7: 0.0}, {2: 0.5, 1: 0.5, 0: 0.5, 9: 1.0})
    assert found is not None
    assert (found.n, found.mean, found.std) == pytest.approx((3, 0.3, 0.1))
    reach = 4.302653 * 0.1 / math.sqrt(3)
    assert (found.low, found.high) == pytest.approx((0.3 - reach, 0.3 + reach), rel=1e-6)
    assert found.p == pytest.approx(stats.ttest_rel([0.9, 0.8, 0.7], [0.5, 0.5, 0.5]).pvalue)


def test_without_a_common_seed_there_is_none() -> None:
    assert paired({0: 1.0}, {1: 1.0}) is None
    assert paired({}, {}) is None


def test_one_seed_tests_nothing() -> None:
    found = paired({3: 0.75}, {3: 0.5})
    assert found is not None
    assert (found.mean, found.std, found.n, found.low, found.high, found.p) == (0.25, None, 1, None, None, None)


def test_no_difference_at_all() -> None:
    found = paired({0: 0.1, 1: 0.2, 2: 0.3}, {0: 0.1, 1: 0.2, 2: 0.3})
    assert found is not None
    assert (found.mean, found.std, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 0.0, 1.0)


def test_the_same_difference_each_time() -> None:
    found = paired({0: 0.75, 1: 0.5}, {0: 0.5, 1: 0.25})
    assert found is not None
    assert (found.mean, found.std, found.low, found.high, found.p) == (0.25, 0.0, 0.25, 0.25, 0.0)


@pytest.mark.parametrize("n", [2, 3, 10])
def test_p_is_that_of_scipy(n: int) -> None:
    a, b = drawn(f"paired {n}", 2, n).tolist()
    found = paired(dict(enumerate(a)), dict(enumerate(b)))
    assert found is not None
    assert found.p == pytest.approx(stats.ttest_rel(a, b).pvalue)


def test_a_difference_turns_with_its_sides_and_shifts_with_neither() -> None:
    a, b = (dict(enumerate(row)) for row in drawn("sides", 2, 5).tolist())
    there, back = paired(a, b), paired(b, a)
    moved = paired({s: v + 3 for s, v in a.items()}, {s: v + 3 for s, v in reversed(b.items())})
    assert there is not None and back is not None and moved is not None
    assert (there.mean, there.low, there.high, there.p) == pytest.approx((-back.mean, -back.high, -back.low, back.p))  # type: ignore[operator]
    assert (there.mean, there.low, there.high, there.p) == pytest.approx((moved.mean, moved.low, moved.high, moved.p))


def test_equals_seem_different_as_often_as_they_may() -> None:
    """One time in twenty; four standard errors of a share on either side."""
    times, n = 2000, 5
    pairs = drawn("equals", times, 2, n).tolist()
    ps = [paired(dict(enumerate(a)), dict(enumerate(b))).p for a, b in pairs]  # type: ignore[union-attr]
    assert abs(sum(p < 0.05 for p in ps) / times - 0.05) < 4 * math.sqrt(0.95 * 0.05 / times)  # type: ignore[operator]


# Holm.


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_what_was_not_tested_does_not_count() -> None:
    assert holm([None, 0.02, None, 0.03]) == [None, pytest.approx(0.04), None, pytest.approx(0.04)]
    assert holm([None]) == [None]
    assert holm([]) == []


def test_no_p_exceeds_one_and_one_alone_stays() -> None:
    assert holm([0.5, 0.6, 0.9]) == [1.0, 1.0, 1.0]
    assert holm([0.04]) == [0.04]


def test_holm_goes_by_values_and_not_by_places() -> None:
    ps = (0.001, 0.2, 0.013, 0.013)
    expected = dict(zip(ps, holm(ps), strict=True))
    for order in permutations(ps):
        found = holm(order)
        assert found == [expected[p] for p in order]
        assert all(adjusted >= p for adjusted, p in zip(found, order, strict=True))  # type: ignore[operator]
        by_p = [adjusted for _, adjusted in sorted(zip(order, found, strict=True))]
        assert by_p == sorted(by_p)  # type: ignore[type-var]


# Ranks.


@pytest.mark.parametrize(("rows", "quantile"), DEMSAR.items())
def test_critical_differences_are_those_of_the_book(rows: int, quantile: float) -> None:
    blocks = 14
    found = critical_difference(rows, blocks) / math.sqrt(rows * (rows + 1) / (6 * blocks))
    assert found == pytest.approx(quantile, abs=1e-3)


BOOK = {
    "C4.5": "0.763 0.599 0.954 0.628 0.882 0.936 0.661 0.583 0.775 1.000 0.940 0.619 0.972 0.957",
    "C4.5+m": "0.768 0.591 0.971 0.661 0.888 0.931 0.668 0.583 0.838 1.000 0.962 0.666 0.981 0.978",
    "C4.5+cf": "0.771 0.590 0.968 0.654 0.886 0.916 0.609 0.563 0.866 1.000 0.965 0.614 0.9751 0.946",
    "C4.5+m+cf": "0.798 0.569 0.967 0.657 0.898 0.931 0.685 0.625 0.875 1.000 0.962 0.669 0.975 0.970",
}
"""Table 6 of Demsar (2006): AUC of four decision trees on 14 data sets. It prints 0.975 twice and ranks one before."""
SCORES = {row: {f"set {n}": float(text) for n, text in enumerate(line.split())} for row, line in BOOK.items()}
HIGHER = dict.fromkeys(SCORES["C4.5"], False)


def test_the_example_of_the_book() -> None:
    found = ranks(SCORES, HIGHER)
    assert found is not None
    expected = {"C4.5+m+cf": 1.964, "C4.5+m": 2.000, "C4.5+cf": 2.893, "C4.5": 3.143}
    assert list(found.mean_rank) == list(expected)
    assert found.mean_rank == pytest.approx(expected, abs=5e-4)
    assert found.critical_difference == pytest.approx(1.25, abs=0.01)
    assert found.groups == [tuple(expected)], "1.18 from first to last is less than 1.25"
    assert list(found.blocks) == list(HIGHER)


def test_friedman_is_that_of_scipy() -> None:
    found = ranks(SCORES, HIGHER)
    assert found is not None
    columns = [[row[block] for block in HIGHER] for row in SCORES.values()]
    assert found.friedman_p == pytest.approx(stats.friedmanchisquare(*columns).pvalue)
    assert 0.01 < found.friedman_p < 0.05


def test_ranks_go_by_order_alone() -> None:
    found = ranks(SCORES, HIGHER)
    moved = {row: {block: 5 * of[block] + 1 for block in reversed(of)} for row, of in reversed(SCORES.items())}
    assert ranks(moved, HIGHER) == found


def test_of_a_loss_the_lowest_is_best() -> None:
    losses = {row: {block: -value for block, value in of.items()} for row, of in SCORES.items()}
    assert ranks(losses, dict.fromkeys(HIGHER, True)) == ranks(SCORES, HIGHER)


def test_ties_share_their_ranks() -> None:
    found = ranks(
        {"a": {"x": 1.0, "y": 2.0}, "b": {"x": 1.0, "y": 1.0}, "c": {"x": 0.0, "y": 0.0}}, {"x": False, "y": False}
    )
    assert found is not None
    assert found.mean_rank == {"a": 1.25, "b": 1.75, "c": 3.0}


def test_rows_that_always_tie_are_alike() -> None:
    found = ranks({row: {"x": 0.5, "y": 0.7} for row in "abc"}, {"x": False, "y": True})
    assert found is not None
    assert (found.friedman_p, set(found.mean_rank.values()), found.groups) == (1.0, {2.0}, [("a", "b", "c")])


def test_groups_overlap_and_none_lies_within_another() -> None:
    """Four rows in the same order on many blocks, then with neighbours exchanged on some: chains, not one group."""
    blocks = {str(n): False for n in range(12)}
    same = {row: dict.fromkeys(blocks, float(-place)) for place, row in enumerate("abcd")}
    apart = ranks(same, blocks)
    assert apart is not None
    assert apart.critical_difference == pytest.approx(2.569 * math.sqrt(20 / 72), abs=1e-3)
    assert apart.groups == [("a", "b"), ("b", "c"), ("c", "d")], "1 apart is less than 1.354, 2 apart is not"
    more = {str(n): False for n in range(60)}
    far = ranks({row: dict.fromkeys(more, float(-place)) for place, row in enumerate("abcd")}, more)
    assert far is not None
    assert far.groups == [], "the critical difference is 0.606: each is told apart from each"


def test_a_row_that_lacks_a_block_is_left_out() -> None:
    scores = {**{row: {"x": 1.0, "y": 0.5} for row in "abc"}, "d": {"x": 2.0}}
    found = ranks(scores, {"x": False, "y": False})
    assert found is not None
    assert set(found.mean_rank) == {"a", "b", "c"}


@pytest.mark.parametrize(("rows", "blocks"), [("ab", "xyz"), ("abc", "x"), ("", "xy"), ("abc", "")])
def test_too_little_to_rank(rows: str, blocks: str) -> None:
    scores = {row: {block: float(ord(row)) for block in blocks} for row in rows}
    assert ranks(scores, dict.fromkeys(blocks, False)) is None


def test_without_scipy_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(UserError, match=r"^comparing methods needs scipy: pip install 'counterpoint\[compare\]'$"):
        mean_of([1.0, 2.0])
