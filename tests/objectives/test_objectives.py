import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from counterpoint.objectives import cross_entropy, inner_product, squared_distance

V = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([[3.0]])}
W = {"a": torch.tensor([2.0, 0.0]), "b": torch.tensor([[3.5]])}


def gradient(of: Callable[[dict[str, Tensor]], Tensor], at: dict[str, Tensor]) -> dict[str, Tensor]:
    leaves = {n: v.clone().requires_grad_() for n, v in at.items()}
    return dict(zip(leaves, torch.autograd.grad(of(leaves), list(leaves.values())), strict=True))


def test_squared_distance_is_squared():
    assert float(squared_distance(W, V)) == 1 + 4 + 0.25
    assert squared_distance(W, V).dim() == 0


def test_the_gradient_of_the_proximal_term():
    found = gradient(lambda w: 0.3 / 2 * squared_distance(w, V), W)
    assert found["a"].tolist() == pytest.approx([0.3 * 1, 0.3 * -2])
    assert found["b"].tolist() == [[pytest.approx(0.3 * 0.5)]]


def test_the_gradient_of_the_proximal_term_vanishes_where_nothing_moved():
    found = gradient(lambda w: squared_distance(w, V), V)
    assert all(g.tolist() == torch.zeros_like(g).tolist() for g in found.values())


def test_only_floating_tensors_that_both_have_count():
    extra = {**W, "count": torch.tensor(9), "alone": torch.tensor(1e9)}
    assert float(squared_distance(extra, {**V, "count": torch.tensor(1)})) == 5.25
    assert float(squared_distance(W, {"b": V["b"]})) == 0.25


def test_inner_product_and_its_gradient():
    assert float(inner_product(W, V)) == 2 * 1 + 0 * 2 + 3.5 * 3
    assert float(inner_product({**W, "alone": torch.tensor(5.0)}, V)) == 12.5
    found = gradient(lambda w: inner_product(w, V), W)
    assert all(torch.equal(found[n], V[n]) for n in V)


def test_cross_entropy_of_each_row():
    loss = cross_entropy(torch.tensor([[0.0, 0.0], [1.0, -1.0]]), torch.tensor([1, 1]))
    assert loss.tolist() == pytest.approx([math.log(2), math.log(1 + math.exp(2))])
