"""The area under the ROC curve out of a histogram, against comparing every pair."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from counterpoint.evaluate import Tally, auc, tally_rows
from counterpoint.evaluate.ranking import BINS, ranked_rows, score_bin
from counterpoint.randomness import generator


def logits_of(score: Tensor) -> Tensor:
    """Logits whose difference is the score, around some common value."""
    return torch.stack([torch.zeros_like(score), score], dim=1)


def histogram(score: Tensor, label: Tensor) -> Tensor:
    rows = ranked_rows(logits_of(score), label, torch.ones_like(label, dtype=torch.bool))
    return rows.sum(0).reshape(2, BINS)


def exact(score: Tensor, label: Tensor) -> float:
    """Share of the pairs of a sample of each class that are in the right order; a tie is half of it."""
    low, high = score[label == 0].sort().values, score[label == 1]
    below, not_above = (torch.searchsorted(low, high, right=right).double() for right in (False, True))
    return float(((below + not_above) / 2).mean() / len(low))


def test_exact_on_a_hand_worked_example():
    score, label = torch.tensor([1.0, 2.0, 2.0, 3.0, 0.0]), torch.tensor([0, 0, 1, 1, 1])
    # pairs (class 1, class 0): 2 > 1, 2 = 2, 3 > 1, 3 > 2, 0 < 1, 0 < 2
    assert exact(score, label) == pytest.approx((1 + 0.5 + 1 + 1 + 0 + 0) / 6)
    assert auc(histogram(score, label)) == pytest.approx(3.5 / 6)


def test_perfect_useless_and_upside_down():
    label = torch.tensor([0, 0, 1, 1])
    for score, area in (([-2, -1, 1, 2], 1.0), ([5, 5, 5, 5], 0.5), ([2, 1, -1, -2], 0.0), ([1, 9, 1, 9], 0.5)):
        assert auc(histogram(torch.tensor(score, dtype=torch.float32), label)) == area


@pytest.mark.parametrize("label", [[0, 0, 0], [1, 1], []])
def test_there_is_no_area_without_both_classes(label: list[int]):
    score = torch.arange(len(label), dtype=torch.float32)
    assert auc(histogram(score, torch.tensor(label, dtype=torch.int64))) is None


numbers = st.floats(width=32, allow_nan=False)


@given(st.lists(st.tuples(numbers, st.integers(0, 1)), min_size=2, max_size=40))
def test_the_error_is_bounded_by_half_the_share_of_pairs_in_one_bin(pairs: list[tuple[float, int]]):
    score, label = torch.tensor([s for s, _ in pairs]), torch.tensor([y for _, y in pairs])
    counts = histogram(score, label)
    found = auc(counts)
    if len(set(label.tolist())) < 2:
        assert found is None
        return
    together = float((counts[0] * counts[1]).sum()) / float(counts[0].sum() * counts[1].sum())
    assert abs(found - exact(score, label)) <= together / 2 + 1e-12
    assert 0 <= found <= 1


@given(st.lists(numbers, min_size=2, max_size=30))
def test_bins_keep_the_order(values: list[float]):
    score = torch.tensor(sorted(values))
    bins = score_bin(logits_of(score))
    assert (bins.diff() >= 0).all()
    assert ((bins >= 0) & (bins < BINS)).all()
    assert torch.equal(score_bin(logits_of(-score)), BINS - 1 - bins), "the middle of the bins is 0"


def test_bins_are_as_wide_as_is_said():
    for at, width in ((0.0, 0.004), (1.0, 0.011), (4.0, 0.045), (20.0, 0.4), (100.0, 4.0)):
        near = torch.linspace(at - 5 * width, at + 5 * width, 10001)
        assert score_bin(logits_of(near)).unique().numel() == pytest.approx(11, abs=1)
    assert score_bin(logits_of(torch.tensor([-math.inf, -1e30, 1e30, math.inf]))).tolist() == [0, 0, BINS - 1, BINS - 1]


def normal(source: torch.Generator, rows: int) -> Tensor:
    return torch.randn(rows, generator=source)


def two_heaps(source: torch.Generator, rows: int) -> Tensor:
    """A confident model: hardly any score is near the middle."""
    return torch.where(torch.rand(rows, generator=source) < 0.5, -3.0, 3.0) + normal(source, rows)


def long_tails(source: torch.Generator, rows: int) -> Tensor:
    return normal(source, rows) / torch.rand(rows, generator=source).clamp(0.05)


@pytest.mark.parametrize("shape", [normal, two_heaps, long_tails])
@pytest.mark.parametrize(
    ("middle", "deviation"),
    [(0, 0.05), (-1.05, 0.12), (-3, 0.4), (0, 1), (2, 1), (0, 5), (30, 10), (0, 30), (0, 100)],
)
def test_the_error_is_below_a_thousandth(
    shape: Callable[[torch.Generator, int], Tensor], middle: float, deviation: float
):
    """Whatever the model's confidence, for areas from a half to nearly one."""
    source = generator(0, "auc", middle if isinstance(middle, int) else str(middle), str(deviation))
    for apart in (0.0, 0.3, 1.0, 3.0):
        label = (torch.rand(4000, generator=source) < 0.26).long()
        score = middle + deviation * (shape(source, 4000) + apart * (label - 0.5))
        assert abs(auc(histogram(score, label)) - exact(score, label)) < 1e-3


def test_which_class_is_called_the_second_one_does_not_matter():
    source = generator(1, "auc")
    score, label = torch.randn(500, generator=source), torch.randint(2, (500,), generator=source)
    assert auc(histogram(-score, 1 - label)) == pytest.approx(auc(histogram(score, label)), abs=1e-12)


def test_histograms_of_parts_add_up():
    source = generator(2, "auc")
    score, label = torch.randn(300, generator=source), torch.randint(2, (300,), generator=source)
    parts = [histogram(score[some], label[some]) for some in (slice(0, 7), slice(7, 200), slice(200, 300))]
    assert torch.equal(sum(parts), histogram(score, label))
    assert int(sum(parts).sum()) == 300


def test_rows_that_do_not_count_give_nothing_whatever_they_hold():
    nan, inf = float("nan"), float("inf")
    logits = torch.tensor([[2.0, 0.0], [nan, nan], [inf, -inf], [nan, 1.0]])
    rows = tally_rows(logits, torch.tensor([0, 1, 1, 0]), torch.tensor([True, False, False, False]))["histogram"]
    assert rows.dtype == torch.bool and rows.shape == (4, 2 * BINS)
    assert rows.sum(1).tolist() == [1, 0, 0, 0]
    assert rows[0].nonzero().item() < BINS // 2, "of class 0, and the score is below 0"


def test_a_score_that_is_not_a_number_ties_with_0():
    logits = torch.tensor([[float("nan"), 1.0], [0.0, 0.0], [1.0, 1.0]])
    assert score_bin(logits).tolist() == [BINS // 2] * 3


def test_only_two_classes_have_a_histogram():
    label, counted = torch.tensor([0, 1]), torch.tensor([True, True])
    assert tally_rows(torch.zeros(2, 3), label, counted).keys() == {"confusion", "loss"}
    assert tally_rows(torch.zeros(2, 2), label, counted).keys() == {"confusion", "loss", "histogram"}


def test_a_tally_says_its_area_where_there_is_one():
    rows = tally_rows(
        logits_of(torch.tensor([0.0, 1.0, 2.0])), torch.tensor([0, 1, 0]), torch.ones(3, dtype=torch.bool)
    )
    sums = {name: values.sum(0) for name, values in rows.items()}
    tally = Tally(sums["confusion"].reshape(2, 2), sums["loss"], sums["histogram"].reshape(2, BINS))
    assert list(tally.scores()) == ["accuracy", "macro_f1", "auc", "loss", "samples"]
    assert tally.scores()["auc"] == 0.5
    one_class = Tally(
        torch.tensor([[2.0, 1.0], [0.0, 0.0]]), torch.tensor(1.0), histogram(torch.ones(3), torch.zeros(3).long())
    )
    assert list(one_class.scores()) == ["accuracy", "macro_f1", "loss", "samples"]
