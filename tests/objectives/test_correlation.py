"""Canonical correlations."""

import pytest
import torch

from counterpoint.objectives.correlation import canonical_correlation

ROWS, WIDTH = 400, 3


def drawn(seed: int, width: int = WIDTH) -> torch.Tensor:
    return torch.randn(ROWS, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


ALL = torch.ones(ROWS, dtype=torch.bool)


def test_a_linear_map_changes_nothing_and_chance_is_little() -> None:
    a = drawn(0)
    mapped = a @ drawn(1)[:WIDTH] + 5
    assert float(canonical_correlation(a, mapped, ALL, 1e-9)) == pytest.approx(WIDTH, abs=1e-6)
    assert float(canonical_correlation(a, drawn(2), ALL, 1e-9)) < 0.4


def test_it_is_the_sum_of_correlations_of_independent_columns() -> None:
    """Columns share a half, a tenth and nothing of their variance with their partners."""
    a, noise = drawn(3), drawn(4)
    shared = torch.tensor([0.5, 0.1, 0.0], dtype=torch.float64).sqrt()
    b = a * shared + noise * (1 - shared**2).sqrt()
    found = float(canonical_correlation(a, b, ALL, 1e-9))
    assert found == pytest.approx(float(shared.sum()), abs=0.15)
    q = [torch.linalg.qr(x - x.mean(0))[0] for x in (a, b)]
    assert found == pytest.approx(float(torch.linalg.svdvals(q[0].T @ q[1]).sum()), abs=1e-6), "the textbook's way"


def test_rows_that_do_not_count_have_no_influence() -> None:
    a, b = drawn(5), drawn(6)
    some = torch.arange(ROWS) < 50
    expected = canonical_correlation(a[:50], b[:50], ALL[:50])
    a[50:], b[50:] = 1e3, -1e3
    assert torch.allclose(canonical_correlation(a, b, some), expected)
    assert float(canonical_correlation(a, b, torch.arange(ROWS) < 1)) == 0


def test_its_gradient() -> None:
    a, b = (drawn(seed)[:8] for seed in (7, 8))
    a.requires_grad_(), b.requires_grad_()
    assert torch.autograd.gradcheck(lambda x, y: canonical_correlation(x, y, ALL[:8]), (a, b))
