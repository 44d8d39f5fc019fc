"""How fast a modality trains, smoothed over rounds, and how far modalities are apart."""

import math

import pytest
import torch
from torch import Tensor

from counterpoint.methods.allocation import balance, imbalance, smoothed, speeds


def double(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def block(seed: int) -> dict[str, Tensor]:
    source = torch.Generator().manual_seed(seed)
    return {"weight": torch.randn(3, 4, generator=source), "bias": torch.randn(3, generator=source)}


def test_a_speed_by_hand() -> None:
    before = {"a": torch.tensor([[3.0, 0.0]]), "b": torch.tensor([4.0])}
    after = {"a": torch.tensor([[3.0, 0.3]]), "b": torch.tensor([4.4])}
    found = speeds(before, after, 10)
    assert found.dtype == torch.float64 and found.shape == ()
    assert float(found) == pytest.approx(0.5 / (10 * 5), rel=1e-6)
    assert float(speeds(before, after, torch.tensor(5))) == pytest.approx(0.02, rel=1e-6)


def test_a_speed_has_no_unit() -> None:
    """A power of two scales floats exactly, another number nearly."""
    before, change = block(0), block(1)
    after = {n: v + 0.01 * change[n] for n, v in before.items()}
    v = speeds(before, after, 4)
    scaled = [{n: 8 * x for n, x in tensors.items()} for tensors in (before, after)]
    assert torch.equal(speeds(scaled[0], scaled[1], 4), v)
    scaled = [{n: 3.7 * x for n, x in tensors.items()} for tensors in (before, after)]
    assert float(speeds(scaled[0], scaled[1], 4)) == pytest.approx(float(v), rel=1e-4)


def test_twice_the_steps_at_one_velocity_are_one_speed() -> None:
    before, change = block(2), block(3)
    once, twice = ({n: v + s * change[n] for n, v in before.items()} for s in (0.25, 0.5))
    assert float(speeds(before, once, 5)) == pytest.approx(float(speeds(before, twice, 10)), rel=1e-6)


def test_who_did_not_move_or_has_nothing_has_no_speed() -> None:
    before = block(4)
    after = {n: v + 1 for n, v in before.items()}
    assert float(speeds(before, before, 7)) == 0
    assert float(speeds(before, after, 0)) == 0
    assert float(speeds({n: torch.zeros_like(v) for n, v in before.items()}, after, 3)) == 0
    assert math.isnan(float(speeds({n: v * math.nan for n, v in before.items()}, after, 3))), "it is not hidden"


def test_speeds_of_many_are_those_of_each() -> None:
    many = {n: torch.stack([block(s)[n] for s in range(5)]) for n in ("weight", "bias")}
    later = {n: torch.stack([block(s + 9)[n] for s in range(5)]) for n in ("weight", "bias")}
    steps = torch.tensor([1, 2, 0, 4, 5])
    each = torch.stack([speeds(block(s), block(s + 9), steps[s]) for s in range(5)])
    assert torch.allclose(torch.vmap(speeds)(many, later, steps), each, rtol=1e-12)


def test_smoothing_begins_with_the_first_measurement_and_skips_what_is_none() -> None:
    old, new = double(0.4, 0.4), double(0.1, 0.2)
    assert smoothed(old, new, seen=True).tolist() == pytest.approx([0.37, 0.38])
    assert smoothed(old, new, 0.5, seen=True).tolist() == pytest.approx([0.25, 0.3])
    assert smoothed(old, new, seen=False).tolist() == [0.1, 0.2]
    some = torch.tensor([True, False])
    assert smoothed(old, new, seen=True, measured=some).tolist() == pytest.approx([0.37, 0.4])
    assert smoothed(old, new, seen=some, measured=torch.tensor(True)).tolist() == pytest.approx([0.37, 0.2])
    assert smoothed(old * math.nan, new, seen=False).tolist() == [0.1, 0.2]
    together = torch.vmap(lambda a, b, s: smoothed(a, b, seen=s))(old, new, some)
    assert together.tolist() == pytest.approx([0.37, 0.2])


def test_balance_has_mean_one_over_those_that_are_there() -> None:
    source = torch.Generator().manual_seed(5)
    v, there = torch.rand(200, 4, generator=source).double() + 0.01, torch.rand(200, 4, generator=source) > 0.3
    b = torch.vmap(balance)(v, there)
    assert torch.allclose(b.sum(1), there.sum(1).double())
    assert torch.equal(b != 0, there)
    everyone = torch.tensor([True, True, True])
    assert balance(double(1, 2, 3), everyone).tolist() == [0.5, 1, 1.5]
    assert balance(double(0, 0, 0), everyone).tolist() == [1, 1, 1]
    assert balance(double(math.nan, 2, 6), ~torch.eye(3, dtype=torch.bool)[0]).tolist() == [0, 0.5, 1.5]


def test_imbalance_by_hand() -> None:
    everyone, two = torch.ones(3, dtype=torch.bool), torch.tensor([True, False, True])
    assert float(imbalance(double(1, 2, 4), everyone)) == pytest.approx(3)
    assert float(imbalance(double(10, 2, 40), two)) == pytest.approx(3)
    assert float(imbalance(double(0, 0, 0), everyone)) == 0
    assert float(imbalance(double(5, 9, 9), torch.tensor([True, False, False]))) == 0
    assert float(imbalance(double(5, 9, 9), torch.zeros(3, dtype=torch.bool))) == 0
    assert float(imbalance(double(0, 1, 1), everyone)) == math.inf
    assert torch.vmap(imbalance)(torch.stack([double(1, 2), double(3, 3)]), torch.ones(2, 2).bool()).tolist() == [1, 0]
