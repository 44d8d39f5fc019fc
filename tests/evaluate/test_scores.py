import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from counterpoint.evaluate import Tally, accuracy, class_std, macro_f1, spread, tally_rows


def matrix(truth: list[int], guess: list[int], classes: int) -> Tensor:
    """Confusion by (true, predicted), counted one by one."""
    cells = torch.zeros(classes, classes, dtype=torch.float64)
    for t, p in zip(truth, guess, strict=True):
        cells[t, p] += 1
    return cells


def f1_as_scikit_learn_says(truth: list[int], guess: list[int]) -> float:
    """f1_score(average="macro"): precision and recall of each label in truth or guess, 0 where undefined, mean."""
    found = []
    for label in sorted(set(truth) | set(guess)):
        hits = sum(t == p == label for t, p in zip(truth, guess, strict=True))
        precision = hits / guess.count(label) if label in guess else 0.0
        recall = hits / truth.count(label) if label in truth else 0.0
        found.append(2 * precision * recall / (precision + recall) if hits else 0.0)
    return sum(found) / len(found)


def test_a_hand_worked_example():
    # classes:       true 0: 2 right, 1 as 1;  true 1: 1 right;  true 2: 1 as 0, none right
    cells = matrix([0, 0, 0, 1, 2], [0, 0, 1, 1, 0], 3)
    assert cells.tolist() == [[2, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert accuracy(cells) == pytest.approx(3 / 5)
    assert macro_f1(cells) == pytest.approx((4 / 6 + 2 / 3 + 0) / 3)


def test_an_absent_class_is_left_out_and_a_predicted_one_is_not():
    assert macro_f1(matrix([0, 0, 1], [0, 0, 1], 5)) == 1.0
    assert macro_f1(matrix([0, 0, 1], [0, 3, 1], 5)) == pytest.approx((2 / 3 + 1 + 0) / 3)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30))
def test_scores_agree_with_their_definitions(pairs: list[tuple[int, int]]):
    truth, guess = [t for t, _ in pairs], [p for _, p in pairs]
    cells = matrix(truth, guess, 5)
    assert accuracy(cells) == pytest.approx(sum(t == p for t, p in pairs) / len(pairs))
    assert macro_f1(cells) == pytest.approx(f1_as_scikit_learn_says(truth, guess))


def test_the_spread_of_classes_is_that_of_the_recalls_of_those_that_occur():
    # recalls: 3/4 of class 0, 1/2 of class 1; class 2 is predicted and does not occur
    cells = matrix([0, 0, 0, 0, 1, 1], [0, 0, 0, 2, 1, 2], 3)
    assert class_std(cells) == pytest.approx(0.125)
    assert class_std(matrix([1, 1], [1, 0], 3)) == 0.0


def test_a_tally_of_nothing_has_no_scores():
    assert Tally(torch.zeros(3, 3), torch.tensor(0.0)).scores() == {"samples": 0.0}


def test_a_tally_says_its_scores():
    scores = Tally(matrix([0, 1], [0, 0], 2), torch.tensor(3.0)).scores()
    assert scores == {"accuracy": 0.5, "macro_f1": pytest.approx((2 / 3) / 2), "loss": 1.5, "samples": 2.0}


def test_rows_add_up_to_the_confusion_matrix_and_the_loss():
    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 1.0]])
    rows = tally_rows(logits, torch.tensor([0, 0, 1]), torch.tensor([True, True, True]))
    assert rows["confusion"].sum(0).reshape(2, 2).tolist() == [[1, 1], [1, 0]]
    by_hand = [math.log(1 + math.exp(-2)), math.log(1 + math.exp(1)), math.log(1 + math.exp(2))]
    assert rows["loss"].tolist() == pytest.approx(by_hand, rel=1e-6)
    assert rows["confusion"].dtype == rows["loss"].dtype == torch.float64


def test_rows_that_do_not_count_give_zeros_whatever_they_hold():
    nan, inf = float("nan"), float("inf")
    logits = torch.tensor([[2.0, 0.0], [nan, nan], [inf, -inf], [nan, 1.0]])
    rows = tally_rows(logits, torch.tensor([0, 1, 1, 0]), torch.tensor([True, False, False, False]))
    assert rows["confusion"].tolist() == [[1, 0, 0, 0], [0] * 4, [0] * 4, [0] * 4]
    assert rows["loss"].tolist() == [pytest.approx(math.log(1 + math.exp(-2))), 0, 0, 0]


def test_no_rows():
    rows = tally_rows(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64), torch.zeros(0, dtype=torch.bool))
    assert rows["confusion"].shape == (0, 9) and rows["loss"].shape == (0,)


def test_spread_over_clients():
    assert spread([1.0, 2.0, 6.0]) == {"mean": 3.0, "worst": 1.0, "std": pytest.approx(math.sqrt(14 / 3))}
    assert spread([1.0, 2.0, 6.0], "max")["worst"] == 6.0
    assert spread([0.25]) == {"mean": 0.25, "worst": 0.25, "std": 0.0}
