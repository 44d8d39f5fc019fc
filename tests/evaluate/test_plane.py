"""A map of two modalities."""

import pytest
import torch
from torch import Tensor

from counterpoint.evaluate import modality_gap, plane
from counterpoint.randomness import generator


def drawn(n: int, width: int, *key: str) -> Tensor:
    return torch.randn(n, width, generator=generator(0, *key))


def test_it_is_that_of_the_covariance() -> None:
    a, b = drawn(40, 7, "a") + 0.5, drawn(25, 7, "b") * 3
    found = plane(a, b)
    both = torch.nn.functional.normalize(torch.cat([a, b]).double(), dim=1)
    covariance = torch.cov(both.T, correction=0)
    values, vectors = torch.linalg.eigh(covariance)
    assert torch.allclose(found.share, values.flip(0)[:2] / values.sum(), atol=1e-12)
    expected = (both - both.mean(0)) @ vectors.flip(1)[:, :2]
    placed = torch.cat([found.a, found.b])
    assert torch.allclose(placed.abs(), expected.abs(), atol=1e-10)
    assert torch.allclose(placed.mean(0), torch.zeros(2, dtype=torch.float64), atol=1e-12)
    assert torch.allclose(placed.square().mean(0), values.flip(0)[:2], atol=1e-12)
    assert found.a.shape == (40, 2)
    assert found.b.shape == (25, 2)


def test_the_order_of_rows_and_a_mirrored_space_change_no_sign() -> None:
    a, b = drawn(30, 5, "a") + torch.tensor([2.0, 0, 0, 0, 0]), drawn(30, 5, "b")
    found, again = plane(a, b), plane(a.flip(0), b)
    assert torch.allclose(again.a, found.a.flip(0), atol=1e-10)
    assert torch.allclose(again.b, found.b, atol=1e-10)
    mirrored = plane(-a, -b)
    assert torch.allclose(mirrored.a, -found.a, atol=1e-10), "the axis stays, the rows are on its other side"
    assert torch.equal(plane(a, b).a, found.a)


def test_a_gap_is_the_first_axis() -> None:
    shift = torch.zeros(8)
    shift[3] = 6
    a, b = drawn(100, 8, "a") + shift, drawn(100, 8, "b") - shift
    found = plane(a, b)
    assert bool((found.a[:, 0] > 0).all())
    assert bool((found.b[:, 0] < 0).all())
    gap = float(found.a[:, 0].mean() - found.b[:, 0].mean())
    assert gap == pytest.approx(modality_gap(a, b), rel=0.01)
    assert float(found.share[0]) > 0.7


def test_little_to_show() -> None:
    line = plane(torch.tensor([[1.0], [-1.0]]), torch.tensor([[5.0]]))
    assert line.a.tolist() == [[pytest.approx(2 / 3), 0], [pytest.approx(-4 / 3), 0]]
    assert line.share.tolist() == [1, 0]
    point = plane(torch.ones(3, 4) * 0.3, torch.ones(2, 4))
    assert torch.cat([point.a, point.b]).tolist() == [[0, 0]] * 5
    assert point.share.tolist() == [0, 0]
    assert plane(torch.ones(1, 4), torch.zeros(0, 4)).b.shape == (0, 2)
    with pytest.raises(ValueError, match="a map needs embeddings"):
        plane(torch.zeros(0, 4), torch.zeros(0, 4))


def test_others_lie_in_the_same_plane() -> None:
    a, b = drawn(30, 5, "a"), drawn(20, 5, "b")
    found = plane(a, b)
    assert torch.allclose(found.onto(a), found.a, atol=1e-12)
    assert torch.allclose(found.onto(7 * b), found.b, atol=1e-12), "lengths do not count"
    assert torch.allclose(found.axes @ found.axes.T, torch.eye(2, dtype=torch.float64), atol=1e-12)
    assert found.onto(torch.ones(1, 5)).shape == (1, 2)
    point = plane(torch.ones(3, 4), torch.ones(2, 4))
    assert point.onto(drawn(3, 4, "c")).tolist() == [[0, 0]] * 3, "there is no axis to lie along"
