"""Choosing some so that labels are in proportion."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.data.stratify import stratified


def test_a_small_case() -> None:
    label = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    order = torch.tensor([9, 1, 8, 2, 7, 0, 6, 3, 5, 4])
    # of 5: two of class 0, three of class 1, those first in the order
    assert stratified(label, 5, order).nonzero().flatten().tolist() == [1, 3, 5, 7, 9]


def test_the_largest_remainder_gets_the_odd_one() -> None:
    label = torch.tensor([0, 0, 0, 1, 1, 2])
    # quotas of 3: 1.5, 1, 0.5; equal remainders: the class that comes first
    assert stratified(label, 3, torch.tensor([1, 2, 3, 4, 5, 0])).tolist() == [True, False, False, True, False, True]
    assert stratified(label, 3, torch.tensor([0, 2, 3, 4, 5, 1])).tolist() == [True, True, False, True, False, False]


def test_none_and_all_and_nothing_to_choose_from() -> None:
    label, order = torch.tensor([3, 1, 3]), torch.tensor([2, 0, 1])
    assert not stratified(label, 0, order).any()
    assert stratified(label, 3, order).all()
    assert stratified(label[:0], 0, order[:0]).shape == (0,)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.data())
def test_exactly_so_many_and_no_class_is_off_by_one(labels: list[int], data: st.DataObject) -> None:
    label = torch.tensor(labels)
    count = data.draw(st.integers(0, len(labels)))
    order = torch.tensor(data.draw(st.permutations(range(len(labels)))))
    chosen = stratified(label, count, order)
    assert int(chosen.sum()) == count
    for c in label.unique():
        own = label == c
        assert abs(int(chosen[own].sum()) - count * int(own.sum()) / len(labels)) < 1
        if chosen[own].any() and not chosen[own].all():
            assert order[own & chosen].max() < order[own & ~chosen].min()


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.data())
def test_labels_after_the_last_chosen_may_be_exchanged(labels: list[int], data: st.DataObject) -> None:
    label = torch.tensor(labels)
    count = data.draw(st.integers(1, len(labels)))
    order = torch.tensor(data.draw(st.permutations(range(len(labels)))))
    chosen = stratified(label, count, order)
    late = (order > order[chosen].max()).nonzero().flatten()
    exchanged = label.clone()
    exchanged[late] = label[late[torch.tensor(data.draw(st.permutations(range(len(late)))), dtype=torch.long)]]
    assert torch.equal(stratified(exchanged, count, order), chosen)


@pytest.mark.parametrize("gaps", [1, 7])
def test_the_order_may_have_gaps(gaps: int) -> None:
    label, order = torch.tensor([0, 1, 0, 1]), torch.tensor([3, 2, 1, 0])
    assert stratified(label, 2, order * gaps).tolist() == [False, False, True, True]
