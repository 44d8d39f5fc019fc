"""How many iterations each modality gets, against the definition in whole numbers."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from counterpoint.methods.allocation import allocate, energy

MODALITIES = 4
DRAWS = 1500
CASES = [(1, 20, 0.0), (1, 12, 0.25), (1, 20, 0.5), (3, 9, 0.25), (2, 2, 1.0)]
"""k_min, k_max, phi: energies are whole numbers, so that sums are exact, and ties too."""


def double(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def whole(low: int, high: int, *shape: int, seed: int) -> Tensor:
    return torch.randint(low, high, shape, generator=torch.Generator().manual_seed(seed)).double()


def drawn(seed: int, n: int = DRAWS) -> dict[str, Tensor]:
    """Devices whose speeds, energies and budgets are whole numbers, [n, ...]; budgets from too small to ample."""
    high = whole(1, 400, n, seed=seed)
    present = whole(0, 4, n, MODALITIES, seed=seed + 1) > 0
    present[:, 0] |= ~present.any(1)
    return {
        "speed": whole(1, 31, n, MODALITIES, seed=seed + 2),
        "joules": whole(0, 9, n, MODALITIES, seed=seed + 3),
        "present": present,
        "share": (high * torch.rand(n, generator=torch.Generator().manual_seed(seed + 4))).floor(),
        "sending": whole(0, 10, n, seed=seed + 5),
        "head": whole(0, 4, n, seed=seed + 6),
        "fixed": whole(0, 5, n, seed=seed + 7),
    }


def given(device: dict[str, Tensor], k_min: int = 1, k_max: int = 20, phi: float = 0.25, **options: Any) -> Tensor:
    """The answers for all devices at once."""

    def one(values: dict[str, Tensor]) -> Tensor:
        return allocate(**values, forward_share=phi, k_min=k_min, k_max=k_max, **options)

    answers: Tensor = torch.vmap(one)(device)
    return answers


def at(device: dict[str, Tensor], i: int) -> dict[str, Tensor]:
    return {name: value[i] for name, value in device.items()}


def brute(
    speed: Tensor,
    joules: Tensor,
    present: Tensor,
    share: Tensor,
    sending: Tensor,
    head: Tensor,
    fixed: Tensor,
    k_min: int,
    k_max: int,
    phi: float,
) -> list[int]:
    """By trying every whole g up to the cap, of speeds that are whole numbers: there are no other breakpoints."""
    there = present.nonzero().squeeze(1)
    v, e = speed[there].long(), joules[there]
    g = torch.arange(int(k_max * v.min()) + 1)[:, None]
    k = (g // v).clamp(k_min, k_max)
    longest = k.amax(1, keepdim=True)
    spent = (e * (k + phi * (longest - k))).sum(1) + head * longest[:, 0] + fixed + sending
    answer = torch.zeros(len(speed), dtype=torch.int64)
    if bool((spent <= share).any()):
        answer[there] = k[int((spent <= share).nonzero().max())]
    found: list[int] = answer.tolist()
    return found


@pytest.mark.parametrize(("k_min", "k_max", "phi"), CASES)
@pytest.mark.parametrize("scale", [1.0, 0.0137, 1e-7])
def test_every_progress_is_tried(k_min: int, k_max: int, phi: float, scale: float) -> None:
    """In steps of a speed that binary fractions cannot hold, the answers are the same."""
    device = drawn(k_max)
    got = given({**device, "speed": device["speed"] * scale}, k_min, k_max, phi)
    assert got.dtype == torch.int64
    expected = [brute(**at(device, i), k_min=k_min, k_max=k_max, phi=phi) for i in range(DRAWS)]
    assert got.tolist() == expected
    silent = sum(not any(k) for k in expected)
    assert DRAWS / 50 < silent < DRAWS / 2, "some cannot pay for the least, and most can"
    if k_min < k_max:
        assert any(max(k) == k_max for k in expected), "some have ample energy"


@pytest.mark.parametrize("phi", [0.0, 1 / 3, 1.0])
def test_any_progress_of_any_speeds_is_no_better(phi: float) -> None:
    """Of speeds that are no whole numbers, a dense scan of g finds nothing feasible beyond the answer."""
    n, scan = 400, torch.linspace(0, 1, 2001, dtype=torch.float64)
    device = drawn(5, n)
    device["speed"] = torch.rand(n, MODALITIES, generator=torch.Generator().manual_seed(6), dtype=torch.float64) + 0.02
    got = given(device, phi=phi)
    for i, answer in enumerate(got):
        one = at(device, i)
        there = one["present"]
        v = one["speed"][there]
        k = torch.floor(scan[:, None] * 20 * v.min() / v).clamp(1, 20)
        costs = {"head": one["head"], "fixed": one["fixed"], "forward_share": phi}
        paid = energy(k, one["joules"][there], **costs) + one["sending"] <= one["share"]
        assert not answer[~there].any()
        if not answer.any():
            assert not paid.any()
            continue
        mine = answer[there]
        assert bool((k[paid] <= mine).all())
        assert float(energy(mine, one["joules"][there], **costs) + one["sending"]) <= float(one["share"])
        least = (mine * v).where(mine > 1, 0.0).max()  # the g at which the answer is reached
        assert torch.equal(torch.floor(least / v + 1e-9).clamp(1, 20).long(), mine), "it is K(g) of one g"


def test_one_by_one_is_the_same_as_all_at_once() -> None:
    device = drawn(7, 200)
    choices: tuple[dict[str, Any], ...] = ({}, {"balance": False}, {"speed_sign": -1})
    for options in choices:
        one_by_one = [allocate(**at(device, i), forward_share=0.25, **options) for i in range(200)]
        assert torch.equal(given(device, **options), torch.stack(one_by_one))


@pytest.mark.parametrize(
    ("v", "options", "expected"),
    [
        ((0.02, 0.01), {"share": math.inf}, [10, 20]),
        ((0.01, 0.01), {"share": math.inf}, [20, 20]),
        ((0.02, 0.01), {"share": 20.0, "sending": 2.0}, [5, 11]),
        ((0.02, 0.01), {"share": 20.0, "sending": 2.0, "forward_share": 0.0}, [6, 12]),
        ((0.02, 0.01), {"share": 20.0, "sending": 2.0, "balance": False}, [9, 9]),
        ((0.02, 0.01), {"share": math.inf, "speed_sign": -1}, [20, 10]),
        ((0.02, 0.01), {"share": 3.999, "sending": 2.0}, [0, 0]),
        ((0.02, 0.01), {"share": 4.0, "sending": 2.0}, [1, 1]),
        ((0.02, 0.01), {"share": -1.0, "sending": 0.0}, [0, 0]),
        ((0.02, 0.01), {"share": 20.0, "fixed": 2.0}, [5, 11]),
        ((0.02, 0.01), {"share": 13.0, "head": 1.0, "forward_share": 0.0}, [2, 5]),
    ],
)
def test_worked_numbers(v: tuple[float, float], options: dict[str, Any], expected: list[int]) -> None:
    assert allocate(double(*v), double(1, 1), present=torch.tensor([True, True]), **options).tolist() == expected


@pytest.mark.parametrize(
    ("v", "expected"),
    [
        ((0.0, 0.0, 0.0), [20, 20, 20]),
        ((0.0, 0.01, 0.02), [20, 1, 1]),
        ((math.nan, 0.01, 0.02), [1, 20, 10]),
        ((math.inf, 0.01, 0.02), [1, 20, 10]),
        ((math.nan, math.inf, math.nan), [20, 20, 20]),
        ((1e-200, 1e-200, 1.0), [20, 20, 1]),
    ],
)
def test_speeds_of_those_that_stand_still_or_fly_off(v: tuple[float, ...], expected: list[int]) -> None:
    everyone = torch.ones(3, dtype=torch.bool)
    assert allocate(double(*v), double(1, 1, 1), present=everyone, share=math.inf).tolist() == expected


def test_without_costs_or_without_a_battery_the_slowest_takes_all() -> None:
    device = drawn(8, 300)
    free = {n: torch.zeros_like(device[n]) for n in ("joules", "share", "sending", "head", "fixed")}
    endless = {"share": torch.full((300,), math.inf)}
    for changed in (free, endless):
        got = given({**device, **changed})
        slowest = device["speed"].where(device["present"], math.inf).amin(1, keepdim=True) == device["speed"]
        assert set(got[slowest & device["present"]].tolist()) == {20}
        assert torch.equal(got, given({**device, **endless}))


def test_whole_numbers_within_bounds_or_nothing() -> None:
    device = drawn(9)
    got = given(device, k_min=3, k_max=9)
    active = got.amax(1) > 0
    assert bool((~device["present"] <= (got == 0)).all())
    inside = got[active][device["present"][active]]
    assert (int(inside.min()), int(inside.max())) == (3, 9) and not got[~active].any()


def test_the_faster_never_gets_more_and_the_equal_get_equal() -> None:
    device = drawn(10)
    got, v, there = given(device), device["speed"], device["present"]
    both = there[:, :, None] & there[:, None]
    faster, same = (v[:, :, None] > v[:, None]) & both, (v[:, :, None] == v[:, None]) & both
    more = got[:, :, None] > got[:, None]
    assert int(same.sum()) > 3 * DRAWS and not (more & (faster | same)).any()


def test_a_modality_that_becomes_faster_never_gets_more() -> None:
    for m in range(MODALITIES):
        device = drawn(20 + m)
        raised = device["speed"].clone()
        raised[:, m] += whole(0, 20, DRAWS, seed=30 + m)
        before, after = given(device)[:, m], given({**device, "speed": raised})[:, m]
        assert bool((after <= before).all()) and bool((after < before).any())


def test_more_energy_never_takes_any_iteration_away() -> None:
    device = drawn(40)
    before, after = given(device), given({**device, "share": device["share"] + whole(0, 40, DRAWS, seed=41)})
    assert bool((after >= before).all()) and bool((after > before).any())


@pytest.mark.parametrize("factor", [0.1, 3.0, 1e-6, 7e5])
def test_only_ratios_of_speeds_matter(factor: float) -> None:
    device = drawn(50)
    assert torch.equal(given(device), given({**device, "speed": device["speed"] * factor}))


def test_what_is_spent_is_never_more_than_the_share() -> None:
    device = drawn(60)
    for name in ("joules", "head", "fixed", "sending", "share"):
        device[name] = device[name] * 0.0123
    got = given(device, phi=1 / 3)
    joules = device["joules"] * device["present"]
    spent = energy(got, joules, head=device["head"], fixed=device["fixed"], forward_share=1 / 3) + device["sending"]
    active = got.amax(1) > 0
    assert bool((spent[active] <= device["share"][active]).all()) and int(active.sum()) > DRAWS / 3


def test_modalities_that_are_not_there_have_no_influence() -> None:
    device = drawn(70)
    poisoned = {n: device[n].where(device["present"], math.nan) for n in ("speed", "joules")}
    assert torch.equal(given(device), given({**device, **poisoned}))
    alone = torch.tensor([False, True, False, False])
    one = allocate(double(3), double(2), present=torch.tensor([True]), share=31.0)
    among = allocate(double(1, 3, 9, 2), double(5, 2, 1, 1), present=alone, share=31.0)
    assert one.tolist() == [15] and among.tolist() == [0, 15, 0, 0]
    nobody = allocate(double(1, 1), double(1, 1), present=torch.tensor([False, False]), share=math.inf)
    assert nobody.tolist() == [0, 0]


def test_of_one_modality_energy_alone_decides() -> None:
    for v in (0.0, 1e-5, 3.0):
        found = [allocate(double(v), double(2), present=torch.tensor([True]), share=s).item() for s in (1.0, 7.0, 1e3)]
        assert found == [0, 3, 20]


def test_equal_iterations_are_those_of_equal_speeds() -> None:
    device = drawn(80)
    got = given(device, balance=False)
    assert torch.equal(got, given({**device, "speed": torch.full_like(device["speed"], 0.3)}))
    shown = got.where(device["present"], got.amax(1, keepdim=True))
    assert torch.equal(shown.amin(1), shown.amax(1))


def test_a_forward_share_may_be_a_value_of_each_device() -> None:
    device = drawn(85)
    phi = whole(0, 5, DRAWS, seed=86) / 4
    mixed = torch.vmap(lambda values, share: allocate(**values, forward_share=share))(device, phi)
    for share in (0.0, 0.5, 1.0):
        assert torch.equal(mixed[phi == share], given(device, phi=share)[phi == share])


def test_bounds_that_are_none_are_refused() -> None:
    for k_min, k_max in ((0, 3), (4, 3)):
        with pytest.raises(ValueError, match=f"1 <= k_min <= k_max, not {k_min} and {k_max}"):
            allocate(double(1), double(1), present=torch.tensor([True]), share=1.0, k_min=k_min, k_max=k_max)


def test_energy_by_hand_and_without_a_forward_share() -> None:
    k, e = torch.tensor([3, 7, 0]), double(2, 0.5, 0)
    assert float(energy(k, e, forward_share=0.25)) == 2 * (3 + 1) + 0.5 * 7
    assert float(energy(k, e, head=1.5, fixed=4)) == 2 * 3 + 0.5 * 7 + 1.5 * 7 + 4
    assert float(energy(2 * k, e, head=1.5)) == 2 * float(energy(k, e, head=1.5)), "linear"
