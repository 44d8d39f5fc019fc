"""Gradient blending: weights of branches, and what they weigh."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from counterpoint.methods import FedAvg, TrainSettings
from counterpoint.methods.terms.blending import FUSED, GradientBlending, weights
from counterpoint.objectives import cross_entropy

Make = Callable[..., Any]


def sums(training: float, held: float, rows: float = 10.0) -> torch.Tensor:
    return torch.tensor([training * rows, held * rows, rows, rows])


def test_weights_by_the_formula() -> None:
    before = {m: sums(2.0, 2.0) for m in ("a", "v", FUSED)}
    after = {
        "a": {"a": sums(1.5, 1.6)},  # G = 0.4, O = 0.1: 40
        "v": {"v": sums(1.0, 1.5)},  # G = 0.5, O = 0.5: 2
        FUSED: {FUSED: sums(0.8, 1.2)},  # G = 0.8, O = 0.4: 5
    }
    found = weights(before, after)
    assert {m: float(w) for m, w in found.items()} == pytest.approx(
        {"a": 40 / 47, "v": 2 / 47, FUSED: 5 / 47}, rel=1e-4
    )


def test_a_branch_that_gains_nothing_weighs_nothing_and_if_none_gains_all_are_equal() -> None:
    before = {m: sums(2.0, 2.0) for m in ("a", FUSED)}
    worse = {m: sums(1.0, 2.5) for m in ("a", FUSED)}
    found = weights(before, {"a": worse, FUSED: {FUSED: sums(1.0, 1.5)}})
    assert {m: float(w) for m, w in found.items()} == {"a": 0.0, FUSED: 1.0}
    found = weights(before, {"a": worse, FUSED: worse})
    assert {m: float(w) for m, w in found.items()} == {"a": 0.5, FUSED: 0.5}


def test_the_gradient_is_the_blend_of_the_branches(built: Make, gradients: Make) -> None:
    term, model, batch = built(GradientBlending, missing="sample")
    given = {"acc": torch.tensor(0.2), "gyro": torch.tensor(0.5), FUSED: torch.tensor(0.3)}
    found = gradients(model.initial, lambda p: term.rows(p, batch, {"weight": given}))
    parts = {FUSED: gradients(model.initial, lambda p: cross_entropy(model(p, batch), batch.label))}
    for m in ("acc", "gyro"):
        there = batch.present[m].float()
        parts[m] = gradients(
            model.initial, lambda p, m=m, t=there: t * cross_entropy(model(p, batch.only([m])), batch.label)
        )
    for name in found:
        expected = sum(given[branch] * parts[branch][name] for branch in given)
        assert torch.allclose(found[name], expected, atol=1e-6), name


def test_each_client_has_weights_of_its_own(make_engine: Make, play: Make) -> None:
    seen: list[dict[str, float]] = []

    class Listening(GradientBlending):
        name = "listening"

        def rows(self, params: Any, batch: Any, prepared: Any) -> Any:
            seen.append({m: float(w) for m, w in prepared["weight"].items()})
            return super().rows(params, batch, prepared)

    method = FedAvg()
    method.take(Listening(fold=2))
    play(make_engine(method, train=TrainSettings(epochs=1, batch_size=4, lr=0.1)))
    assert seen
    for found in seen:
        assert set(found) == {"acc", "gyro", FUSED}
        assert sum(found.values()) == pytest.approx(1, rel=1e-5)
    assert len({tuple(found.values()) for found in seen}) == 3, "one set of weights a client and visit"


def test_held_out_rows_do_not_teach_the_probe(built: Make, gradients: Make) -> None:
    term, model, batch = built(GradientBlending, fold=5)
    held = batch.index % 5 == 4
    found = term._alone(model.initial, batch, {}, branch="acc")
    assert bool((found[held] == 0).all()) and bool((found[~held] > 0).all())


def test_of_one_modality_there_is_one_branch(built: Make) -> None:
    term, model, _ = built(GradientBlending)
    own = {n: v for n, v in model.initial.items() if not n.startswith("encoder.gyro")}
    assert term.branches(own) == [FUSED]
    assert term.branches(model.initial) == ["acc", "gyro", FUSED]
