"""Weights of clients that lean towards those whose loss is high, in no more than a ball around equal weights."""

import torch
from torch import Tensor


def worst_case_weights(weights: Tensor, losses: Tensor, rate: float, rho: float) -> Tensor:
    """One step of the weights against the model: v_i = w_i exp(rate l_i) / sum, projected by `project_chi_square`.

    Only differences of losses matter. Where rate is 0, rho is 0 or all losses are equal, equal weights stay equal. Of
    two clients with equal weights the one with the higher loss never gets less.

    Args:
        weights: w, [clients], not negative, not all 0. What is 0 gets weight again only where the ball does not hold v.
        losses: l, [clients].
        rate: times a loss it is an exponent.
        rho: radius of the ball.

    Returns:
        float64 [clients].

    Raises:
        ValueError: a weight is negative or all are 0, a number is not finite, or rho is negative.
    """
    w = _finite(weights)
    if bool((w < 0).any()) or not bool((w > 0).any()):
        raise ValueError("weights must not be negative, nor all of them 0")
    exponent = w.log() + rate * _finite(losses)
    return project_chi_square((exponent - exponent.max()).softmax(0), rho)


def agnostic_weights(weights: Tensor, losses: Tensor, rate: float) -> Tensor:
    """One additive step, w + rate l projected to the simplex, float64 [clients].

    So agnostic federated learning (Mohri, Sivek, Suresh, ICML 2019) and DRFA (Deng, Kamani, Mahdavi, NeurIPS 2020)
    move their weights. Only differences of losses matter.

    Args:
        weights: w, [clients].
        losses: l, [clients].
        rate: of the step.

    Raises:
        ValueError: a number is not finite.
    """
    return project_simplex(_finite(weights) + rate * _finite(losses))


def project_chi_square(weights: Tensor, rho: float) -> Tensor:
    """The nearest point in the simplex whose chi-square divergence from equal weights is at most rho.

        { p: p_i >= 0, sum p = 1, 1/(2N) sum (N p_i - 1)^2 <= rho },

    of which the last says N sum p_i^2 <= 2 rho + 1. It never binds where rho >= (N - 1) / 2, and leaves nothing but
    1/N where rho = 0. The point is P(v / (1 + k N)) with P the projection to the simplex and the smallest k >= 0 that
    brings it into the ball. This is the Euclidean projection: with k/2 the multiplier of the ball and mu_i >= 0 those
    of the bounds, its conditions (1 + k N) p_i = v_i - theta + mu_i, mu_i p_i = 0 are those of P at v / (1 + k N), and
    the problem is convex, so that they suffice.

    Found by bisection of 1 / (1 + k N) in double precision, from 0, where p = 1/N, to 1, until no number is between.

    Args:
        weights: v, [clients].
        rho: at least 0.

    Returns:
        float64 [clients]. Equal v get equal p, and a permutation of v permutes p, to the bit.

    Raises:
        ValueError: a number is not finite, or rho is negative.
    """
    if not rho >= 0:
        raise ValueError(f"rho must be at least 0, not {rho}")
    v, order = _finite(weights).sort(descending=True)
    v = v - v[0]  # changes nothing, and spares digits
    p = project_simplex(v)
    if _outside(p, rho):
        inside, outside = 0.0, 1.0
        while inside < (middle := (inside + outside) / 2) < outside:
            if _outside(project_simplex(v * middle), rho):
                outside = middle
            else:
                inside = middle
        p = project_simplex(v * inside)
    return torch.empty_like(p).scatter(0, order, p)


def project_simplex(values: Tensor) -> Tensor:
    """The nearest point with p_i >= 0, sum p = 1: max(v_i - theta, 0), float64 [n].

    theta = (v_(1) + ... + v_(m) - 1) / m, v_(i) the i-th largest, m the last with v_(m) above it.

    Args:
        values: v, [n].

    Raises:
        ValueError: a number is not finite, or there is none.
    """
    v = _finite(values)
    v = v - v.max()
    largest = v.sort(descending=True).values
    theta = (largest.cumsum(0) - 1) / torch.arange(1, len(v) + 1, dtype=v.dtype)
    last = int((largest > theta).sum()) - 1  # those above come first
    return (v - theta[last]).clamp(min=0)


def _outside(p: Tensor, rho: float) -> bool:
    return float((len(p) * p - 1).square().sum()) > 2 * len(p) * rho  # the other form rounds where p is nearly 1/N


def _finite(values: Tensor) -> Tensor:
    double = values.detach().to("cpu", torch.float64)
    if not len(double) or not bool(double.isfinite().all()):
        raise ValueError("there must be weights and losses, and all must be finite")
    return double
