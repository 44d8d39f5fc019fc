"""Divergence from a teacher."""

import math

import pytest
import torch

from counterpoint.objectives import soft_divergence


def test_literal_values() -> None:
    student, teacher = torch.tensor([[0.0, 0.0]]), torch.tensor([[math.log(3.0), 0.0]])
    expected = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    assert soft_divergence(student, teacher).item() == pytest.approx(expected, abs=1e-6)
    hot = soft_divergence(student * 2, teacher * 2, torch.tensor([2.0]))
    assert hot.item() == pytest.approx(expected, abs=1e-6), "no factor T^2"


def test_zero_at_agreement_never_negative_and_blind_to_a_constant() -> None:
    source = torch.Generator().manual_seed(3)
    a, b = (torch.randn(20, 5, generator=source) for _ in range(2))
    t = torch.rand(20, generator=source) + 0.2
    assert soft_divergence(a, a, t).abs().max().item() < 1e-6
    assert bool((soft_divergence(a, b, t) >= 0).all())
    assert torch.allclose(soft_divergence(a + 7, b - 2, t), soft_divergence(a, b, t), atol=1e-5)


def test_the_gradient_is_q_minus_p_over_t_and_the_teacher_gets_none() -> None:
    source = torch.Generator().manual_seed(4)
    student, teacher = (torch.randn(6, 4, generator=source, dtype=torch.float64).requires_grad_() for _ in range(2))
    t = torch.rand(6, generator=source, dtype=torch.float64) + 0.5
    soft_divergence(student, teacher, t).sum().backward()
    expected = ((student / t[:, None]).softmax(1) - (teacher / t[:, None]).softmax(1)) / t[:, None]
    assert student.grad is not None
    assert torch.allclose(student.grad, expected.detach())
    assert teacher.grad is None
