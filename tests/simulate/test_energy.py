"""What computing costs, and what batteries hold."""

import pytest
import torch
from pydantic import ValidationError

from counterpoint.errors import UserError
from counterpoint.simulate.energy import batteries, frequencies, shares, step_joules, step_seconds, training_cost
from counterpoint.simulate.settings import DeviceSettings

SETTINGS = DeviceSettings()


def test_a_step_of_a_million_operations_a_row():
    hertz = torch.tensor([1e9, 0.5e9], dtype=torch.float64)
    seconds = step_seconds(1_000_000, 32, hertz, SETTINGS)
    assert seconds.tolist() == pytest.approx([3 * 32e6 / 4 / 1e9, 3 * 32e6 / 4 / 0.5e9])
    joules = step_joules(1_000_000, 32, hertz, SETTINGS)
    assert joules.tolist() == pytest.approx([1e-28 * 1e18 * 24e6, 1e-28 * 0.25e18 * 24e6])


def test_a_block_that_waits_still_looks():
    cost = {"a": torch.tensor([3.0, 3.0]), "b": torch.tensor([1.0, 1.0])}
    steps = {"a": torch.tensor([2, 0]), "b": torch.tensor([10, 0])}
    assert training_cost(cost, steps, 1 / 3).tolist() == pytest.approx([3 * (2 + 8 / 3) + 10, 0.0])
    assert training_cost(cost, steps, 0.0).tolist() == pytest.approx([16, 0.0]), "linear"
    assert training_cost(cost, steps, 1.0).tolist() == pytest.approx([40, 0.0])


def test_frequencies_lie_between_their_bounds():
    found = frequencies(1000, SETTINGS, seed=1)
    assert float(found.min()) >= 0.5e9 and float(found.max()) <= 1.5e9
    assert float(found.mean()) == pytest.approx(1e9, rel=0.03)
    assert torch.equal(found, frequencies(1000, SETTINGS, seed=1))
    assert not torch.equal(found, frequencies(1000, SETTINGS, seed=2))
    with pytest.raises(UserError, match="frequency_high=1e"):
        frequencies(2, DeviceSettings(frequency_low=2e9, frequency_high=1e9), 0)


def test_batteries_are_shares_of_a_reference_run():
    training, sending = torch.full((1000,), 2.0), torch.full((1000,), 10.0)
    settings = DeviceSettings(battery="0.4..1", reference_steps=5)
    found = batteries(settings, 30, training, sending, seed=0) / (30 * 20)
    assert float(found.min()) >= 0.4 and float(found.max()) <= 1
    assert float(found.mean()) == pytest.approx(0.7, abs=0.02)
    drawn = (frequencies(1000, SETTINGS, seed=0) - 0.5e9) / 1e9
    assert not torch.allclose((found - 0.4) / 0.6, drawn, atol=0.05), "by draws of their own"
    assert batteries(SETTINGS, 30, training, sending, seed=0).isinf().all()
    assert batteries(DeviceSettings(battery="0..0"), 30, training, sending, seed=0).tolist() == [0.0] * 1000


@pytest.mark.parametrize("text", ["1", "a..b", "1..0.5", "-1..1", "0.1..inf", ""])
def test_a_battery_that_is_none_is_told(text: str):
    with pytest.raises(UserError, match=r"is neither none nor LOW\.\.HIGH"):
        shares(text)


@pytest.mark.parametrize("name", ["noise", "frequency_high", "power", "bandwidth", "kappa", "deadline"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_settings_are_finite(name: str, value: float):
    with pytest.raises(ValidationError, match="finite number"):
        DeviceSettings(**{name: value})
