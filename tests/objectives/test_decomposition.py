"""Orthogonality of parts, and diversity of what is generated."""

import math

import pytest
import torch
from torch import Tensor

from counterpoint.objectives import diversity, orthogonality

ROWS = 8


def drawn(seed: int, rows: int = ROWS, width: int = 3) -> Tensor:
    return torch.randn(rows, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


ALL = torch.ones(ROWS, dtype=torch.bool)
SIGNS = torch.tensor([[(-1.0) ** (bin(row & column).count("1")) for column in range(ROWS)] for row in range(ROWS)])
"""Walsh's functions: columns are orthogonal, and centred but the first."""


def written(common: Tensor, specific: Tensor, norms: list[Tensor] | None = None) -> Tensor:
    """The formula, entry by entry; norms are constants."""
    c, s = (x - x.mean(0) for x in (common, specific))
    norms = [x.detach().norm(dim=1) for x in (c, s)] if norms is None else norms
    c, s = (
        torch.stack([row / (n + 1e-6) for row, n in zip(x, of, strict=True)])
        for x, of in ((c, norms[0]), (s, norms[1]))
    )
    entries = [(c[:, i] * s[:, j]).sum() ** 2 for i in range(c.shape[1]) for j in range(s.shape[1])]
    return torch.stack(entries).mean()


def test_orthogonal_features_cost_nothing_and_equal_ones_do() -> None:
    common, specific = SIGNS[:, 1:4] * 2 + 5, SIGNS[:, 4:6] - 3
    assert float(orthogonality(common, specific, ALL)) == pytest.approx(0, abs=1e-9)
    expected = 3 * (ROWS / 3) ** 2 / 9  # three of nine entries are 8 times (1 / sqrt 3)^2
    assert float(orthogonality(common, common, ALL)) == pytest.approx(expected, rel=1e-5)
    assert float(orthogonality(drawn(0), drawn(0), ALL)) > 0


def test_orthogonality_is_the_written_formula_and_so_is_its_gradient() -> None:
    found, expected = ([drawn(1).requires_grad_(), drawn(2, width=5).requires_grad_()] for _ in range(2))
    mine, theirs = orthogonality(*found, ALL), written(*expected)
    assert mine.shape == () and torch.allclose(mine, theirs, rtol=1e-12)
    mine.backward(), theirs.backward()
    for a, b in zip(found, expected, strict=True):
        assert a.grad is not None and b.grad is not None
        assert torch.allclose(a.grad, b.grad, rtol=1e-10, atol=1e-14) and float(a.grad.abs().max()) > 0


def test_norms_get_no_gradient() -> None:
    """Differences of the formula with norms held fixed give the gradient; with norms that move they do not."""
    c, s = drawn(3), drawn(4)
    leaf = c.clone().requires_grad_()
    grad = torch.autograd.grad(orthogonality(leaf, s, ALL), leaf)[0]
    steepest = grad.abs() == grad.abs().max()
    held = [(x - x.mean(0)).norm(dim=1) for x in (c, s)]
    step = 1e-5
    fixed, moving = (
        (written(c + step * steepest, s, norms) - written(c - step * steepest, s, norms)) / (2 * step)
        for norms in (held, None)
    )
    assert float(grad[steepest]) == pytest.approx(float(fixed), rel=1e-7)
    assert abs(float(moving - fixed)) > 0.01 * abs(float(fixed))


@pytest.mark.parametrize("poison", [0.0, 1e30, math.nan, math.inf])
def test_rows_that_do_not_count_have_no_influence(poison: float) -> None:
    c, s = drawn(5), drawn(6)
    some = torch.arange(ROWS) < 5
    expected = orthogonality(c[:5], s[:5], ALL[:5])
    c[5:], s[5:] = poison, -poison
    c.requires_grad_()
    loss = orthogonality(c, s, some)
    assert loss.item() == pytest.approx(float(expected), rel=1e-12)
    grad = torch.autograd.grad(loss, c)[0]
    assert not grad[5:].any() and bool(grad[:5].any(1).all())


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_rows_give_nothing(count: int) -> None:
    c, s = drawn(7).requires_grad_(), drawn(8)
    loss = orthogonality(c, s, torch.arange(ROWS) < count)
    assert loss.item() == 0
    assert not torch.autograd.grad(loss, c)[0].any()


def test_equal_rows_say_nothing() -> None:
    c = drawn(9)[:1].float().repeat(7, 1).requires_grad_()
    loss = orthogonality(c, c + 1 / 3, ALL[:7])
    assert loss.item() == 0, "no rounding is left to be divided by its own size"
    assert not torch.autograd.grad(loss, c)[0].any()


def test_diversity_by_hand() -> None:
    noise, features = torch.tensor([[0.0, 0.0], [2.0, 1.0]]), torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 5.0]])
    of_a_pair = (4 + 1) / 2 * (1 + 0 + 5) / 3
    assert float(diversity(noise, features)) == pytest.approx(math.exp(-2 * of_a_pair / 4), rel=1e-6)


def test_diversity_is_one_where_features_or_noises_agree_and_falls_as_they_part() -> None:
    noise, features = drawn(10), drawn(11, width=5)
    found = [float(diversity(noise, features * scale)) for scale in (0.0, 0.1, 1.0, 3.0)]
    assert found[0] == 1 and found == sorted(found, reverse=True) and 0 < found[-1] < found[1] < 1
    assert float(diversity(noise[:1].expand(ROWS, -1), features)) == 1


def test_the_gradient_of_diversity() -> None:
    noise, features = drawn(12), drawn(13, width=4).requires_grad_()
    assert torch.autograd.gradcheck(lambda g: diversity(noise, g), features)
    grad = torch.autograd.grad(diversity(noise, features), features)[0]
    assert diversity(noise, features.detach() - 0.01 * grad) < diversity(noise, features)


@pytest.mark.parametrize("poison", [0.0, math.nan, math.inf])
def test_diversity_is_of_the_rows_that_count(poison: float) -> None:
    noise, features = drawn(14), drawn(15)
    some = torch.arange(ROWS) < 5
    expected = diversity(noise[:5], features[:5])
    noise[5:], features[5:] = poison, poison
    features.requires_grad_()
    loss = diversity(noise, features, some)
    assert loss.item() == pytest.approx(float(expected), rel=1e-12)
    grad = torch.autograd.grad(loss, features)[0]
    assert not grad[5:].any() and bool(grad[:5].any(1).all())
    assert diversity(noise, features, torch.zeros(ROWS, dtype=torch.bool)).item() == 1


def test_both_of_many_clients_at_once_are_those_of_each() -> None:
    a, b = (torch.stack([drawn(seed + s) for s in range(3)]) for seed in (20, 30))
    counts = torch.arange(ROWS) < torch.tensor([[8], [1], [5]])
    for loss in (orthogonality, diversity):
        each = [torch.func.grad_and_value(loss)(a[i], b[i], counts[i]) for i in range(3)]
        grads, values = torch.vmap(torch.func.grad_and_value(loss))(a, b, counts)
        assert torch.allclose(values, torch.stack([value for _, value in each]))
        assert torch.allclose(grads, torch.stack([grad for grad, _ in each]))
