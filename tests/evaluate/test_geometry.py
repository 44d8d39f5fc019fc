"""Alignment, uniformity and modality gap."""

import math

import pytest
import torch

from counterpoint.evaluate import alignment, modality_gap, uniformity
from counterpoint.randomness import generator

AXES = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])


def drawn(n: int, width: int, *key: str) -> torch.Tensor:
    return torch.randn(n, width, generator=generator(0, *key))


def test_alignment_by_hand() -> None:
    assert alignment(3 * AXES, AXES / 2) == 0
    assert alignment(AXES, -AXES) == 4
    assert alignment(AXES, AXES.roll(1, 0)) == pytest.approx(2)
    assert alignment(AXES[:2], AXES[[0, 3]]) == 2
    assert alignment(drawn(4000, 64, "a"), drawn(4000, 64, "b")) == pytest.approx(2, abs=0.02)


def test_uniformity_by_hand() -> None:
    """Of four directions on a circle each has two at a squared distance of 2 and one at 4."""
    assert uniformity(9 * AXES) == pytest.approx(math.log((2 * math.exp(-4) + math.exp(-8)) / 3))
    assert uniformity(AXES[[0, 2]]) == pytest.approx(-8)
    assert uniformity(torch.ones(5, 3)) == pytest.approx(0, abs=1e-12)
    assert uniformity(AXES[:1]) is None
    assert uniformity(AXES[:0]) is None


def test_uniformity_of_all_pairs_in_any_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    x = drawn(50, 5, "x")
    unit = x.double() / x.double().norm(dim=1, keepdim=True)
    pairs = [math.exp(-2 * float((unit[i] - unit[j]).square().sum())) for i in range(50) for j in range(i)]
    for cells in (10**6, 350, 50, 1):
        monkeypatch.setitem(uniformity.__globals__, "CELLS", cells)
        assert uniformity(x) == pytest.approx(math.log(sum(pairs) / len(pairs)), rel=1e-12)


def test_spread_rows_are_more_uniform_than_a_cone() -> None:
    x = drawn(500, 128, "x")
    found = [uniformity(x + shift) for shift in (0, 0.5, 1, 5)]
    assert found == sorted(found)
    assert found[0] == pytest.approx(-4, abs=0.1)


def test_modality_gap_by_hand() -> None:
    assert modality_gap(AXES[:1], 4 * AXES[2:3]) == 2
    assert modality_gap(AXES[:2], AXES[2:]) == pytest.approx(math.sqrt(2))
    assert modality_gap(AXES, AXES[[1, 3]]) == 0, "of other numbers of rows"


def test_alignment_is_at_least_the_square_of_the_gap() -> None:
    a, b = drawn(200, 16, "a") + 0.7, drawn(200, 16, "b") - 0.3
    gap, apart = modality_gap(a, b), alignment(a, b)
    assert gap is not None
    assert apart is not None
    assert 0.5 < gap**2 < apart
    shift = torch.zeros(16)
    shift[0] = 1e6
    assert modality_gap(a + shift, a - shift) ** 2 == pytest.approx(alignment(a + shift, a - shift), rel=1e-6)  # type: ignore[operator]


def test_of_nothing_there_is_nothing() -> None:
    none = torch.zeros(0, 4)
    assert alignment(none, none) is None
    assert modality_gap(none, drawn(3, 4, "b")) is None
    assert modality_gap(drawn(3, 4, "b"), none) is None
