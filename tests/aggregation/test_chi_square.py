"""Projections against independent solvers, and the weights of the min-max game."""

from itertools import combinations

import numpy as np
import pytest
import torch
from torch import Tensor

from counterpoint.aggregation import agnostic_weights, project_chi_square, project_simplex, worst_case_weights
from counterpoint.randomness import generator

LOSSES = [5, 5.2, 5.4, 5.6, 6]


def uniform(n: int = 5) -> Tensor:
    return torch.full((n,), 1 / n, dtype=torch.float64)


def one_hot(n: int = 5, at: int = 0) -> Tensor:
    return torch.eye(n, dtype=torch.float64)[at]


def cases(count: int, most: int) -> list[tuple[Tensor, float]]:
    """Vectors of all scales, in and out of the simplex, with ties, and radii from nothing to beyond the last vertex."""
    found = []
    for case in range(count):
        draws = generator(0, "case", case)
        n = 2 + case % (most - 1)
        v = torch.randn(n, generator=draws, dtype=torch.float64) * 10 ** float(torch.rand(1, generator=draws) * 3 - 2)
        if case % 3 == 0:
            v = v.softmax(0)
        if case % 7 == 0:
            v[-1] = v[0]
        found.append((v, float(torch.rand(1, generator=draws)) ** 2 * (n - 1) / 2 * 1.2))
    return found


def exact(v: Tensor, rho: float) -> Tensor:
    """The nearest point by trying every set of weights that are not 0.

    On such a set the nearest point of the plane sum p = 1 is v shifted; in the sphere, v - mean shrunk until it fits.
    Of all that are feasible the nearest to v is the projection, since its own set is among those tried.
    """
    n, best, nearest = len(v), None, np.inf
    radius = (2 * rho + 1) / n
    values = v.numpy()
    for size in range(1, n + 1):
        for chosen in map(list, combinations(range(n), size)):
            part = values[chosen] - values[chosen].mean()
            length, room = float(part @ part), radius - 1 / size
            if room < -1e-15:
                continue
            shrink = 1.0 if length <= room else np.sqrt(max(room, 0) / length)
            p = np.zeros(n)
            p[chosen] = 1 / size + shrink * part
            distance = float(((p - values) ** 2).sum())
            if p.min() >= -1e-13 and distance < nearest:
                best, nearest = p, distance
    assert best is not None
    return torch.from_numpy(best)


def test_it_is_the_euclidean_projection() -> None:
    for v, rho in cases(400, 7):
        assert torch.allclose(project_chi_square(v, rho), exact(v, rho), atol=1e-9), (v, rho)


def test_no_solver_finds_a_nearer_point() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    for v, rho in cases(120, 9):
        n, values = len(v), v.numpy()
        answer = optimize.minimize(
            lambda p, values=values: ((p - values) ** 2).sum(),
            np.full(n, 1 / n),
            jac=lambda p, values=values: 2 * (p - values),
            bounds=[(0, 1)] * n,
            constraints=[
                {"type": "eq", "fun": lambda p: p.sum() - 1, "jac": np.ones_like},
                {
                    "type": "ineq",
                    "fun": lambda p, n=n, rho=rho: 2 * rho + 1 - n * (p @ p),
                    "jac": lambda p, n=n: -2 * n * p,
                },
            ],
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )
        assert np.abs(project_chi_square(v, rho).numpy() - answer.x).max() < 1e-5, (v, rho)


def test_the_simplex_alone_against_bisection() -> None:
    for v, _ in cases(200, 9):
        low, high = float(v.min()) - 1, float(v.max())
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if float((v - middle).clamp(min=0).sum()) > 1 else (low, middle)
        assert torch.allclose(project_simplex(v), (v - low).clamp(min=0), atol=1e-12)


def test_the_simplex_by_hand() -> None:
    assert project_simplex(torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64)).tolist() == pytest.approx(
        [0.2, 0.3, 0.5]
    )
    assert project_simplex(torch.tensor([1.0, 1.0, 0.0])).tolist() == [0.5, 0.5, 0]
    assert project_simplex(torch.tensor([3.0, 0.0])).tolist() == [1, 0]
    assert project_simplex(torch.tensor([0.5, 0.0])).tolist() == [0.75, 0.25]
    assert project_simplex(torch.tensor([-4.0])).tolist() == [1]
    huge = torch.tensor([1e16, 1e16 + 4, 0], dtype=torch.float64)
    assert project_simplex(huge).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("rho", "first", "other"), [(1, 0.7657, 0.0586), (0.5, 0.6, 0.1), (0.1, 0.3789, 0.1553), (2, 1, 0), (9, 1, 0)]
)
def test_worked_numbers_of_a_vertex(rho: float, first: float, other: float) -> None:
    found = project_chi_square(one_hot(at=3), rho)
    assert found.tolist() == pytest.approx([other, other, other, first, other], abs=6e-5)


def test_where_the_ball_holds_the_simplex_it_never_binds() -> None:
    for v, _ in cases(50, 7):
        assert torch.equal(project_chi_square(v, (len(v) - 1) / 2), project_simplex(v))


def test_a_constant_changes_nothing_however_large() -> None:
    v = torch.arange(6, dtype=torch.float64)
    assert torch.equal(project_chi_square(v + 2**45, 0.7), project_chi_square(v, 0.7))


def test_worked_numbers_of_one_step_and_of_many() -> None:
    weights = worst_case_weights(uniform(), torch.tensor(LOSSES), rate=0.5, rho=1)
    assert weights.tolist() == pytest.approx([0.1581, 0.1747, 0.1931, 0.2134, 0.2607], abs=6e-5)
    for _ in range(24):
        weights = worst_case_weights(weights, torch.tensor(LOSSES), rate=0.5, rho=1)
    assert weights.tolist() == pytest.approx([0.0411, 0.0485, 0.0606, 0.0849, 0.7649], abs=6e-5)


def test_equal_weights_stay_equal_where_nothing_tells_clients_apart() -> None:
    losses = torch.tensor(LOSSES)
    for rate, rho, seen in ((0.0, 1.0, losses), (0.5, 0.0, losses), (0.5, 1.0, torch.full((5,), 8.55))):
        assert worst_case_weights(uniform(), seen, rate, rho).tolist() == [0.2] * 5
    near = worst_case_weights(uniform(), losses, 0.5, 1e-12)
    assert torch.allclose(near, uniform(), atol=1e-6)
    assert not torch.equal(near, uniform())


def test_weights_stay_in_the_ball() -> None:
    for case in range(60):
        draws = generator(1, case)
        n, rho = 2 + case % 9, float(torch.rand(1, generator=draws)) * 2
        weights = uniform(n)
        for _ in range(12):
            weights = worst_case_weights(weights, torch.rand(n, generator=draws) * 20, 0.5, rho)
            assert weights.dtype == torch.float64
            assert float(weights.min()) >= 0
            assert float(weights.sum()) == pytest.approx(1, abs=1e-14)
            assert float((n * weights - 1).square().sum() / (2 * n)) <= rho + 1e-13


def test_order_is_kept_and_clients_have_no_order() -> None:
    for case in range(60):
        draws = generator(2, case)
        n = 3 + case % 8
        losses = (torch.randn(n, generator=draws, dtype=torch.float64) * 5).round(decimals=1)
        found = worst_case_weights(uniform(n), losses, 0.5, 0.8)
        assert bool((found[losses.argsort()].diff() >= 0).all()), "a higher loss never gets less"
        shift = worst_case_weights(uniform(n), losses + 100, 0.5, 0.8)
        assert torch.allclose(shift, found, atol=1e-12), "a constant changes nothing"
        mixed = torch.randperm(n, generator=draws)
        previous = torch.rand(n, generator=draws, dtype=torch.float64)
        assert torch.allclose(
            worst_case_weights(previous[mixed], losses[mixed], 0.5, 0.8),
            worst_case_weights(previous, losses, 0.5, 0.8)[mixed],
            atol=1e-14,
        )
        assert torch.equal(project_chi_square(losses[mixed], 0.3), project_chi_square(losses, 0.3)[mixed])


def test_losses_of_any_size_are_no_harm() -> None:
    assert worst_case_weights(uniform(2), torch.tensor([0.0, 1e30]), 1.0, 9).tolist() == [0, 1]
    assert worst_case_weights(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 5.0]), 1.0, 9).tolist() == [1, 0]
    back = worst_case_weights(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 5.0]), 1.0, 0.125)
    assert back.tolist() == pytest.approx([0.75, 0.25]), "the ball gives weight to what had none"


def test_the_additive_step_by_hand() -> None:
    found = agnostic_weights(torch.tensor([0.5, 0.3, 0.2]), torch.tensor([1.0, 2.0, 4.0]), 0.1)
    # 0.6, 0.5, 0.6 sum to 1.7: each loses 0.7 / 3
    assert found.tolist() == pytest.approx([0.6 - 0.7 / 3, 0.5 - 0.7 / 3, 0.6 - 0.7 / 3])
    assert agnostic_weights(uniform(3), torch.tensor([0.0, 0.0, 9.0]), 1).tolist() == [0, 0, 1]
    assert agnostic_weights(uniform(), torch.full((5,), 3.0), 0.5).tolist() == pytest.approx([0.2] * 5)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="all must be finite"):
        worst_case_weights(uniform(2), torch.tensor([1.0, torch.nan]), 0.5, 1)
    with pytest.raises(ValueError, match="all must be finite"):
        agnostic_weights(uniform(2), torch.tensor([1.0, torch.inf]), 0.5)
    with pytest.raises(ValueError, match="must be weights"):
        project_simplex(torch.zeros(0))
    for weights in ([0.0, 0.0], [0.5, -0.5]):
        with pytest.raises(ValueError, match="not be negative"):
            worst_case_weights(torch.tensor(weights), torch.ones(2), 0.5, 1)
    for rho in (-0.1, float("nan")):
        with pytest.raises(ValueError, match="rho must be at least 0"):
            project_chi_square(uniform(2), rho)
