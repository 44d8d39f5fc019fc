"""Distances between sequences of embeddings."""

import pytest
import torch

from counterpoint.objectives import reconstruction_error, sequence_divergence

ROWS, STEPS, WIDTH = 5, 24, 4


def two(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    source = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(ROWS, STEPS, WIDTH, generator=source, dtype=torch.float64) for _ in range(2))  # type: ignore[return-value]


@pytest.mark.parametrize(("axis", "dim"), [("time", 1), ("feature", 2)])
def test_it_is_the_formula(axis: str, dim: int) -> None:
    s, t = two()
    p, q = torch.softmax(s / 3, dim), torch.softmax(t / 3, dim) + 1e-7
    expected = 9 * (q * (q.log() - p.log())).sum((1, 2))
    assert torch.allclose(sequence_divergence(s, t, 3.0, axis), expected, rtol=1e-12)  # type: ignore[arg-type]


def test_it_is_next_to_nothing_at_agreement_and_what_is_added_says_how_much() -> None:
    s, _ = two()
    found = sequence_divergence(s, s)
    assert float(found.mean()) == pytest.approx(8.64e-5, rel=0.01), "9 * 4 features * 24 steps * 1e-7"
    assert bool((sequence_divergence(*two()) > found).all())


def test_its_gradient() -> None:
    s, t = two()
    student = s.clone().requires_grad_()
    teacher = t.clone().requires_grad_()
    sequence_divergence(student, teacher).sum().backward()
    p, q = torch.softmax(s / 3, 1), torch.softmax(t / 3, 1) + 1e-7
    assert torch.allclose(student.grad, 3 * (p * q.sum(1, keepdim=True) - q), rtol=1e-10)
    assert teacher.grad is None


def test_a_single_step_is_compared_over_its_features() -> None:
    s, t = (value[:, :1] for value in two())
    found = sequence_divergence(s, t, axis="time")
    assert torch.equal(found, sequence_divergence(s, t, axis="feature"))
    assert float(found.min()) > 0.01, "over time there would be nothing to learn"


def test_joint_rows_are_the_mean_of_both() -> None:
    """Embeddings of two modalities behind one another, through one linear map: the mean of the two distances."""
    (a, b), (c, d) = two(1), two(2)
    weight = torch.randn(WIDTH, WIDTH, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    joint = sequence_divergence(torch.cat([a, b]) @ weight, torch.cat([c, d]) @ weight).mean()
    apart = [sequence_divergence(s @ weight, t @ weight).mean() for s, t in ((a, c), (b, d))]
    assert float(joint) == pytest.approx(float(sum(apart) / 2), abs=1e-10)


def test_reconstruction_error_is_a_mean_square() -> None:
    written, target = two()
    found = reconstruction_error(written, target)
    assert torch.allclose(found, ((written - target) ** 2).reshape(ROWS, -1).mean(1))
