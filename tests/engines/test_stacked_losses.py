"""Losses of every kind on a stack of clients, beside each of them alone."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.exchange import Tensors, Weights
from counterpoint.methods import Client

Make = Callable[..., Any]


def on_loss(loss: Callable[..., Tensor], **how: Any) -> Callable[..., Tensors]:
    """Train from the initial model on a loss(method, params, batch, using)."""

    def program(method: Any, client: Client, received: Any) -> Tensors:
        return client.train(client.load({}), lambda p, b, u: loss(method, p, b, u), **how)

    return program


def scalar(method: Any, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
    rows = method.loss(params, batch, using)
    return torch.where(batch.mask, rows, 0.0).sum() / batch.mask.sum() + params["head.bias"].square().sum()


LOSSES: dict[str, Callable[..., Tensor]] = {
    "rows": lambda m, p, b, u: m.loss(p, b, u) * (1 + b.index),
    "scalar": scalar,
    "rows and a scalar": lambda m, p, b, u: m.loss(p, b, u) + p["head.weight"].square().sum(),
    "scalar of parameters": lambda m, p, b, u: p["head.weight"].square().sum(),
    "reaches one tensor": lambda m, p, b, u: p["head.bias"].sum() * b.label,
    "reaches none": lambda m, p, b, u: b.label.float(),
    "constant": lambda m, p, b, u: torch.tensor(1.0),
}


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("settings", [{}, {"lr": 0.01, "optimizer": "adam", "weight_decay": 0.1}], ids=["sgd", "adam"])
def test_losses(both: Make, settings: dict[str, Any], kind: str):
    pair = both(on_loss(LOSSES[kind]), (1, 6, 9), settings=settings)
    pair.visit(atol=1e-5 if settings else 1e-6)


WRONG: dict[str, tuple[Callable[..., Tensor], str]] = {
    "matrix": (lambda m, p, b, u: m.model(p, b), r"\(4, 3\)"),
    "of classes": (lambda m, p, b, u: p["head.bias"], r"\(3,\)"),
    "one in a list": (lambda m, p, b, u: m.loss(p, b, u).mean()[None], r"\(1,\)"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_loss_of_the_wrong_shape_is_the_same_error(both: Make, kind: str):
    loss, shape = WRONG[kind]
    pair = both(on_loss(loss), (6, 9))
    for engine in (pair.reference, pair.stacked):
        engine.begin(1)
        with pytest.raises(TypeError, match=rf"one value a row or a scalar, not a tensor of shape {shape}"):
            engine.visit([0, 1], engine.method.answer, Weights())
