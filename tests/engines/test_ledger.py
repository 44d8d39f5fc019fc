"""The books of joules and seconds."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from counterpoint.engines.ledger import Ledger
from counterpoint.errors import CounterpointError
from counterpoint.methods import METHODS
from counterpoint.simulate.network import NetworkSettings
from counterpoint.simulate.settings import DeviceSettings

Make = Callable[..., Any]


def ledger_of(make_engine: Make, **settings: Any) -> Ledger:
    engine = make_engine(
        METHODS["d-psgd"](),
        network=NetworkSettings(topology="ring"),
        simulate=DeviceSettings(fading=False, **settings),
    )
    engine.begin(1)
    found: Ledger = engine.ledger
    return found


def test_what_is_charged_is_what_was_said(make_engine: Make):
    ledger = ledger_of(make_engine, battery="500..600")
    costs = ledger.costs()
    left = ledger.left.clone()
    ledger.trained(torch.tensor([0, 2]), {"encoder.acc": torch.tensor([2, 1]), "head": torch.tensor([4, 1])})
    spent = torch.zeros(3, dtype=torch.float64)
    spent[0] = costs["step.encoder.acc"][0] * (2 + 2 / 3) + costs["step.head"][0] * 4
    spent[2] = costs["step.encoder.acc"][2] + costs["step.head"][2]
    assert torch.allclose(ledger.computed, spent, rtol=1e-12)
    ledger.sent(torch.tensor([100.0, 0.0, 50.0]), torch.tensor([True, False, True]))
    sent = costs["byte"] * torch.tensor([100.0, 0.0, 50.0])
    assert torch.allclose(ledger.sending, sent, rtol=1e-12)
    assert torch.allclose(ledger.left, left - spent - sent, rtol=1e-12)
    assert ledger.speaks.tolist() == [True, False, True]
    assert ledger.notes()["silent"].tolist() == [0, 1, 0]
    ledger.begin(2)
    assert not bool(ledger.computed.any()) and torch.allclose(ledger.left, left - spent - sent, rtol=1e-12)


def test_who_spends_more_than_it_has_is_found_out(make_engine: Make):
    ledger = ledger_of(make_engine, battery="0..0")
    with pytest.raises(CounterpointError, match=r"client 1 spent more than its battery held"):
        ledger.trained(torch.tensor([1]), {"head": torch.tensor([1])})


def test_without_batteries_nothing_is_saved_and_joules_are_counted(make_engine: Make):
    ledger = ledger_of(make_engine)
    ledger.trained(torch.tensor([1]), {"head": torch.tensor([10**6])})
    assert ledger.left.isinf().all() and ledger.computed[1] > 0
    assert ledger.told() == {} and ledger.full() == {} and "battery" not in ledger.notes()


def test_a_copy_goes_its_own_way_and_a_restored_one_goes_on(make_engine: Make):
    ledger = ledger_of(make_engine, battery="500..600")
    before = ledger.copy()
    ledger.trained(torch.tensor([1]), {"head": torch.tensor([5])})
    assert float(before.left[1]) > float(ledger.left[1]) and not bool(before.computed.any())
    other = ledger_of(make_engine, battery="500..600")
    other.restore(ledger.told())
    assert torch.equal(other.left, ledger.left)


def test_a_battery_is_the_same_for_all_methods_with_these_encoders(make_engine: Make, make_population: Make):
    people = make_population()
    found = []
    for name in ("d-psgd", "dmml-kd", "gradient-tracking"):
        engine = make_engine(
            METHODS[name](), people, network=NetworkSettings(topology="ring"), simulate=DeviceSettings(battery="0.4..1")
        )
        found.append(engine.ledger.left)
    assert torch.allclose(found[0], found[1], rtol=1e-12) and torch.equal(found[0], found[2])
