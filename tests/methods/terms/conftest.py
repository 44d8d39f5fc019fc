"""A term on a tiny model, a batch, and gradients of an objective."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from counterpoint.data import Batch, Samples
from counterpoint.exchange import Tensors
from counterpoint.methods.terms import Term
from counterpoint.models import Model

Make = Callable[..., Any]
Built = tuple[Any, Model, Batch]


@pytest.fixture
def built(make_model: Make, make_population: Make) -> Callable[..., Built]:
    def build(
        term: type[Term], missing: str = "none", modalities: tuple[str, ...] = ("acc", "gyro"), **options: Any
    ) -> Built:
        people = make_population([14], modalities, missing=missing)
        model, made = make_model(people), term(**options)
        made.build(model)
        train: Samples = people.clients[0].train
        return made, model, train.batch(torch.arange(len(train)))

    return build


@pytest.fixture
def gradients() -> Callable[[Tensors, Callable[[Tensors], Tensor]], Tensors]:
    """Of the mean of an objective's rows."""

    def of(params: Tensors, loss: Callable[[Tensors], Tensor]) -> Tensors:
        leaves = {n: v.clone().requires_grad_() for n, v in params.items()}
        found = torch.autograd.grad(loss(leaves).mean(), list(leaves.values()), allow_unused=True)
        return {n: torch.zeros_like(params[n]) if g is None else g for n, g in zip(leaves, found, strict=True)}

    return of
