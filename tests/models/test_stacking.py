"""Layers in a form that can be batched over clients, and the names of those that have none."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from counterpoint.models.stacking import gru, stackable_copy, unstackable


class Own(nn.Module):
    """A module of one's own, of plain operations."""

    def __init__(self, **layers: nn.Module) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(2))
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.children():
            x = layer(x)
        return x * self.scale


class Subclassed(nn.Dropout):
    """One's own kind of a layer that does not stack."""


class Wide(nn.Linear):
    """One's own kind of a layer that does."""


class Constant(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("running", torch.zeros(2))


STACK: dict[str, Callable[[], nn.Module]] = {
    "linear": lambda: nn.Linear(2, 2),
    "own linear": lambda: Wide(2, 2),
    "nested": lambda: nn.Sequential(nn.Conv1d(2, 2, 1), nn.GroupNorm(1, 2), nn.ReLU(), nn.Sequential(nn.Flatten())),
    "containers": lambda: Own(many=nn.ModuleList([nn.Linear(2, 2)]), named=nn.ModuleDict({"a": nn.Identity()})),
    "parameters": lambda: nn.ParameterList([nn.Parameter(torch.ones(1))]),
    "own": Own,
    "gru": lambda: nn.GRU(2, 3, batch_first=True),
    "gru of two layers": lambda: nn.GRU(2, 3, 2, batch_first=True),
    "lstm of two layers": lambda: nn.LSTM(2, 3, 2, batch_first=True),
    "dropout": nn.Dropout,
    "dropout of channels": lambda: nn.Sequential(nn.Dropout1d(), nn.Dropout2d()),
    "attention": lambda: nn.MultiheadAttention(2, 1),
    "transformer": lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(2, 1, 4), 2, enable_nested_tensor=False),
    "gru inside": lambda: nn.Sequential(nn.GRU(2, 3, batch_first=True)),
}
DO_NOT: dict[str, tuple[Callable[[], nn.Module], list[str]]] = {
    "batch norm": (lambda: nn.BatchNorm1d(2), ["x (BatchNorm1d)"]),
    "batch norm without parameters": (lambda: nn.BatchNorm1d(2, affine=False), ["x (BatchNorm1d)"]),
    "instance norm": (lambda: nn.InstanceNorm1d(2), ["x (InstanceNorm1d)"]),
    "alpha dropout": (nn.AlphaDropout, ["x (AlphaDropout)"]),
    "own dropout": (Subclassed, ["x (Subclassed)"]),
    "lstm": (lambda: nn.LSTM(2, 2), ["x (LSTM)"]),
    "gru steps first": (lambda: nn.GRU(2, 2), ["x (GRU)"]),
    "gru of both directions": (lambda: nn.GRU(2, 2, batch_first=True, bidirectional=True), ["x (GRU)"]),
    "gru with dropout": (lambda: nn.GRU(2, 2, 2, batch_first=True, dropout=0.1), ["x (GRU)"]),
    "gru without biases": (lambda: nn.GRU(2, 2, batch_first=True, bias=False), ["x (GRU)"]),
    "attention of other widths": (
        lambda: nn.MultiheadAttention(2, 1, kdim=3),
        ["x (MultiheadAttention)"],
    ),
    "attention with added keys": (lambda: nn.MultiheadAttention(2, 1, add_bias_kv=True), ["x (MultiheadAttention)"]),
    "embedding of bounded norm": (lambda: nn.Embedding(2, 2, max_norm=1.0), ["x (Embedding)"]),
    "unknown": (nn.PReLU, ["x (PReLU)"]),
    "own statistics": (Constant, ["x (Constant)"]),
    "several": (
        lambda: nn.Sequential(nn.Linear(2, 2), nn.PReLU(), nn.Sequential(nn.BatchNorm1d(2))),
        ["x.1 (PReLU)", "x.2.0 (BatchNorm1d)"],
    ),
}


@pytest.mark.parametrize("kind", STACK)
def test_what_stacks(kind: str):
    assert unstackable(Own(x=STACK[kind]())) == []


@pytest.mark.parametrize("kind", DO_NOT)
def test_what_does_not_stack_is_named(kind: str):
    make, names = DO_NOT[kind]
    assert unstackable(Own(x=make())) == names
    with torch.device("meta"):
        assert unstackable(Own(x=make())) == names, "models are kept without values"


def test_a_model_that_is_one_layer_is_named():
    assert unstackable(nn.LSTM(1, 1)) == ["the model (LSTM)"]


def test_a_copy_keeps_names_shapes_and_the_original():
    torch.manual_seed(0)
    original = Own(first=nn.Linear(2, 3), deep=nn.Sequential(nn.GRU(3, 2, batch_first=True)), last=nn.ModuleList())
    original.deep[0].weight_hh_l0.requires_grad_(False)
    twin = stackable_copy(original)
    assert type(original.deep[0]) is nn.GRU and type(twin.deep[0]) is gru.StackedGRU
    assert type(original.first) is nn.Linear and isinstance(twin.first, nn.Linear)
    before: dict[str, Any] = dict(original.named_parameters())
    after = dict(twin.named_parameters())
    assert list(before) == list(after), "in the same order too"
    for name, value in before.items():
        assert torch.equal(value, after[name]) and value is not after[name], name
        assert value.requires_grad == after[name].requires_grad, name
    assert twin.state_dict().keys() == original.state_dict().keys()
