"""The learning rate by round, on every engine."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from counterpoint.engines import ENGINES
from counterpoint.methods import METHODS, FedAvg, TrainSettings

Make = Callable[..., Any]


def test_it_falls_evenly_after_it_was_held() -> None:
    settings = TrainSettings(lr=0.1, lr_end=0.01)
    assert [settings.in_round(r, 10).lr for r in (1, 5, 10)] == pytest.approx([0.091, 0.055, 0.01])
    held = TrainSettings(lr=1e-3, lr_end=1e-4, lr_hold=80)
    assert [held.in_round(r, 180).lr for r in (1, 80, 81, 180)] == pytest.approx([1e-3, 1e-3, 5.95e-4, 1e-4])
    assert TrainSettings(lr=0.3).in_round(7, 10).lr == 0.3


@pytest.mark.parametrize("engine", sorted(ENGINES))
@pytest.mark.parametrize("method", ["fedavg", "centralized", "scaffold"])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_round_is_trained_at_its_own_rate(
    make_engine: Make, make_population: Make, play: Make, same: Make, engine: str, method: str, workers: int
) -> None:
    kind, people = ENGINES[engine], make_population([6, 6, 6, 6] if workers == 1 else [6] * 20)
    options = {"workers": workers, "stack": 4} if engine == "stacked" else {}
    falling = TrainSettings(epochs=1, batch_size=3, lr=0.2, lr_end=0.1)
    made = make_engine(METHODS[method](), people, kind=kind, train=falling, **options)
    made.rounds = 2
    found = [play(made), play(made)]
    made.close()
    plain = make_engine(METHODS[method](), people, kind=kind, train=TrainSettings(epochs=1, batch_size=3, lr=0.15))
    assert same(found[0], play(plain)), "the first of two rounds: half way"
    plain.settings = TrainSettings(epochs=1, batch_size=3, lr=0.1)
    assert same(found[1], play(plain)), "the last: the end"


def test_without_an_end_nothing_changes(make_engine: Make, play: Make) -> None:
    before = play(make_engine(FedAvg()), 2)
    held = play(make_engine(FedAvg(), train=TrainSettings(epochs=2, batch_size=4, lr=0.1, lr_end=0.1)), 2)
    assert all(torch.allclose(before[n], held[n]) for n in before)
