"""OGM-GE: which gradients are damped, by how much, and what noise is added."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from counterpoint.data import Batch
from counterpoint.exchange import Tensors
from counterpoint.methods.terms.ogm_ge import OGMGE
from counterpoint.models.draws import LayerDraws, drawing
from counterpoint.objectives import cross_entropy

Make = Callable[..., Any]


class Scripted(OGMGE):
    """One whose coefficients a test gives."""

    name = "scripted"
    given: Tensors

    def coefficients(self, params: Tensors, batch: Batch) -> Tensors:
        return self.given


def scores(model: Any, batch: Batch) -> dict[str, float]:
    alone = model.by_pattern(model.initial, batch, {m: [m] for m in batch.x})
    return {m: float(alone[m].softmax(1).gather(1, batch.label[:, None]).sum()) for m in alone}


def test_the_one_ahead_is_damped_by_the_formula_and_nobody_else(built: Make) -> None:
    term, model, batch = built(OGMGE, alpha=0.5)
    s = scores(model, batch)
    ahead, behind = sorted(s, key=lambda m: s[m], reverse=True)
    found = term.coefficients(model.initial, batch)
    assert float(found[ahead]) == pytest.approx(1 - math.tanh(0.5 * s[ahead] / s[behind]), rel=1e-5)
    assert float(found[behind]) == 1
    assert 0 < float(found[ahead]) < 1


def test_of_three_each_is_compared_with_the_mean_of_the_others(built: Make) -> None:
    term, model, batch = built(OGMGE, modalities=("a", "b", "c"), alpha=0.5)
    s = scores(model, batch)
    found = term.coefficients(model.initial, batch)
    for m in "abc":
        rho = s[m] / (sum(s[o] for o in s if o != m) / 2)
        assert float(found[m]) == pytest.approx(1 - math.tanh(0.5 * rho) if rho > 1 else 1, rel=1e-5)
    assert min(map(float, found.values())) < 1


def test_only_rows_with_every_modality_and_that_count_are_compared(built: Make) -> None:
    term, model, batch = built(OGMGE)
    kept = batch.index < 6
    gaps = replace(batch, present={**batch.present, "acc": kept})
    filled = replace(batch, mask=kept)
    first = term.coefficients(model.initial, replace(batch, **rows(batch, 6)))
    for other in (gaps, filled):
        found = term.coefficients(model.initial, other)
        assert all(torch.allclose(found[m], first[m], rtol=1e-5) for m in first)


def rows(batch: Batch, count: int) -> dict[str, Any]:
    return {
        "x": {m: v[:count] for m, v in batch.x.items()},
        "present": {m: v[:count] for m, v in batch.present.items()},
        "label": batch.label[:count],
        "index": batch.index[:count],
        "mask": batch.mask[:count],
    }


def test_nothing_is_damped_where_there_is_nothing_to_compare(built: Make) -> None:
    term, model, batch = built(OGMGE)
    assert term.coefficients(model.initial, batch.only(["acc"])) == {}
    nobody = replace(batch, mask=torch.zeros_like(batch.mask))
    assert {float(k) for k in term.coefficients(model.initial, nobody).values()} == {1.0}


def test_the_value_is_cross_entropy_and_only_encoders_gradients_change(built: Make, gradients: Make) -> None:
    term, model, batch = built(Scripted, noise=False)
    term.given = {"acc": torch.tensor(0.25), "gyro": torch.tensor(1.0)}

    def plain(params: Tensors) -> Tensor:
        return cross_entropy(model(params, batch), batch.label)

    assert torch.equal(term.rows(model.initial, batch, {}), plain(model.initial))
    found, expected = gradients(model.initial, lambda p: term.rows(p, batch, {})), gradients(model.initial, plain)
    for name, grad in expected.items():
        factor = 0.25 if name.startswith("encoder.acc") else 1.0
        assert torch.allclose(found[name], factor * grad, rtol=1e-6, atol=1e-9), name
    assert float(expected["encoder.acc.out.weight"].abs().max()) > 0


def test_noise_has_the_spread_of_each_damped_gradient(built: Make, gradients: Make) -> None:
    term, model, batch = built(Scripted)
    quiet, _, _ = built(Scripted, noise=False)
    term.given = quiet.given = {"acc": torch.tensor(0.5), "gyro": torch.tensor(1.0)}
    expected = gradients(model.initial, lambda p: quiet.rows(p, batch, {}))
    ratios: list[Tensor] = []
    for seed in range(200):
        with drawing(LayerDraws([seed])):
            found = gradients(model.initial, lambda p: term.rows(p, batch, {}))
        for name, grad in expected.items():
            if not name.startswith("encoder"):
                assert torch.equal(found[name], grad), "noise is for encoders"
            elif float(spread := grad.std(correction=0)) > 0:
                ratios.append(((found[name] - grad) / spread).flatten())
    drawn = torch.cat(ratios)
    assert abs(float(drawn.mean())) < 0.03
    assert float(drawn.std()) == pytest.approx(1, abs=0.03)
    assert float(drawn.abs().max()) > 3, "normal, not bounded"
