"""Modality dropout: what is hidden, what stays, and the gradient that is left."""

from collections.abc import Callable
from typing import Any

import torch

from counterpoint.data import Batch
from counterpoint.methods.terms.modality_dropout import ModalityDropout, hidden
from counterpoint.models.draws import LayerDraws, drawing
from counterpoint.models.stacking.drawn import uniform
from counterpoint.objectives import cross_entropy

Make = Callable[..., Any]


def two(acc: list[bool], gyro: list[bool]) -> Batch:
    count = len(acc)
    x = {m: torch.zeros(count, 2, 3) for m in ("acc", "gyro")}
    present = {"acc": torch.tensor(acc), "gyro": torch.tensor(gyro)}
    return Batch(x, present, torch.zeros(count, dtype=torch.long), torch.arange(count), torch.ones(count).bool())


def test_what_was_drawn_below_the_rate_is_hidden_but_one_stays() -> None:
    batch = two([True, True, True, True, False], [True, True, True, False, True])
    drawn = torch.tensor([[0.9, 0.9], [0.1, 0.9], [0.1, 0.05], [0.1, 0.9], [0.9, 0.2]])
    shown = hidden(batch, drawn, 0.3).present
    assert shown["acc"].tolist() == [True, False, True, True, False]
    assert shown["gyro"].tolist() == [True, True, False, False, True]


def test_its_rate_is_the_rate() -> None:
    count = 20_000
    batch = two([True] * count, [True] * count)
    drawn = torch.rand(count, 2, generator=torch.Generator().manual_seed(0))
    shown = hidden(batch, drawn, 0.4).present
    assert abs(float(shown["acc"].float().mean()) - (1 - 0.4 + 0.4**2 / 2)) < 0.01, "hidden, but not the last one"
    assert bool((shown["acc"] | shown["gyro"]).all())


def test_the_objective_is_cross_entropy_of_what_is_left(built: Make, gradients: Make) -> None:
    term, model, batch = built(ModalityDropout, rate=0.5)
    with drawing(LayerDraws([3])):
        seen = hidden(batch, uniform(model.initial["head.weight"], "modalities", (len(batch), 2)), 0.5)
    assert not bool(seen.present["acc"].all())
    with drawing(LayerDraws([3])):
        found = gradients(model.initial, lambda p: term.rows(p, batch, {}))
    expected = gradients(model.initial, lambda p: cross_entropy(model(p, seen), seen.label))
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_at_rate_nought_and_of_one_modality_it_is_cross_entropy(built: Make) -> None:
    term, model, batch = built(ModalityDropout, rate=0)
    assert torch.equal(term.rows(model.initial, batch, {}), cross_entropy(model(model.initial, batch), batch.label))
    term, model, batch = built(ModalityDropout, rate=0.9)
    alone = batch.only(["acc"])
    assert torch.equal(term.rows(model.initial, alone, {}), cross_entropy(model(model.initial, alone), batch.label))
