"""Layers written out for stacks of clients: each computes what its original does, forward and backward."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from counterpoint.models.stacking import stackable_copy

LAYERS: dict[str, Callable[[int, int], nn.Module]] = {
    "gru": lambda channels, width: nn.GRU(channels, width, batch_first=True),
    "lstm": lambda channels, width: nn.LSTM(channels, width, batch_first=True),
    "linear": nn.Linear,
    "linear without bias": lambda channels, width: nn.Linear(channels, width, bias=False),
}
layers = pytest.mark.parametrize("kind", LAYERS)


def leaves(value: Any) -> list[Tensor]:
    return [value] if isinstance(value, Tensor) else [leaf for part in value for leaf in leaves(part)]


def value_of(answer: Any) -> Tensor:
    """A number that depends on all that a layer answers."""
    return sum((leaf * torch.linspace(0.1, 2, leaf.shape[-1])).sin().sum() for leaf in leaves(answer))


def ended(layer: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """What a layer answers, and all gradients of a function of it."""
    x = x.clone().requires_grad_()
    answer = layer(x)
    names, params = zip(*layer.named_parameters(), strict=True)
    grads = torch.autograd.grad(value_of(answer), [x, *params])
    return {**dict(enumerate(leaves(answer))), **dict(zip(["x", *names], grads, strict=True))}


def twin_of(layer: nn.Module) -> nn.Module:
    twin = stackable_copy(nn.Sequential(layer))[0]
    assert type(twin) is not type(layer)
    return twin


@layers
@pytest.mark.parametrize("rows", [1, 5])
@pytest.mark.parametrize(("channels", "steps", "width"), [(3, 7, 4), (1, 1, 1), (4, 20, 6)])
def test_a_twin_computes_the_same_with_the_same_gradients(kind: str, rows: int, channels: int, steps: int, width: int):
    torch.manual_seed(0)
    layer = LAYERS[kind](channels, width)
    x = torch.randn(rows, steps, channels)
    found, expected = ended(twin_of(layer), x), ended(layer, x)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].shape == value.shape, name
        assert torch.allclose(found[name], value, atol=2e-6, rtol=1e-5), name


@layers
@pytest.mark.parametrize("common", ["nothing", "input", "parameters", "one parameter"])
def test_a_stack_equals_one_after_another(kind: str, common: str):
    """Forward and backward, of clients that share some of what goes in."""
    torch.manual_seed(0)
    clients = [LAYERS[kind](3, 4) for _ in range(3)]
    twin, names = twin_of(clients[0]), [name for name, _ in clients[0].named_parameters()]
    x = torch.randn(3, 5, 6, 3, requires_grad=True)
    params = {n: torch.stack([dict(c.named_parameters())[n].detach() for c in clients]) for n in names}
    shared = {"parameters": names, "one parameter": names[:1]}.get(common, [])
    given = [x[0] if common == "input" else x] + [params[n][0] if n in shared else params[n] for n in names]
    given = [value.detach().requires_grad_() for value in given]
    dims = [None if common == "input" else 0, *(None if n in shared else 0 for n in names)]

    def one(layer: nn.Module, x: Tensor, *values: Tensor) -> Tensor:
        return value_of(functional_call(layer, dict(zip(names, values, strict=True)), (x,)))

    found = torch.vmap(lambda *v: one(twin, *v), in_dims=tuple(dims))(*given)
    pairs = list(zip(given, dims, strict=True))
    expected = torch.stack([one(clients[0], *(v if d is None else v[i] for v, d in pairs)) for i in range(3)])
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-6)
    weights = torch.tensor([1.0, -2.0, 0.5])
    grads = [torch.autograd.grad(value @ weights, given) for value in (found, expected)]
    assert all(torch.allclose(a, b, rtol=1e-5, atol=5e-6) for a, b in zip(*grads, strict=True))


@layers
def test_a_stack_of_no_rows(kind: str):
    layer = LAYERS[kind](3, 4)
    params = {name: torch.stack([value.detach()] * 2) for name, value in layer.named_parameters()}
    twin = twin_of(layer)
    found = torch.vmap(lambda p, x: functional_call(twin, p, (x,)))(params, torch.zeros(2, 0, 6, 3))
    shapes = [tuple(leaf.shape) for leaf in leaves(found)]
    assert shapes == [(2, *leaf.shape) for leaf in leaves(layer(torch.zeros(0, 6, 3)))]


@layers
def test_a_loss_may_take_gradients_itself(kind: str):
    """A gradient inside of a stack, and one of it."""
    torch.manual_seed(0)
    layer = LAYERS[kind](3, 4)
    names, values = zip(*((n, p.detach()) for n, p in layer.named_parameters()), strict=True)
    x = torch.randn(2, 5, 6, 3)

    def of(module: nn.Module) -> Callable[..., Tensor]:
        def inner(params: tuple[Tensor, ...], x: Tensor) -> Tensor:
            return value_of(functional_call(module, dict(zip(names, params, strict=True)), (x,)))

        return lambda params, x: sum(g.square().sum() for g in torch.func.grad(inner)(params, x))

    params = tuple(torch.stack([v, v * 0.5]).requires_grad_() for v in values)
    found = torch.vmap(of(twin_of(layer)))(params, x)
    expected = torch.stack([of(layer)(tuple(p[i] for p in params), x[i]) for i in range(2)])
    assert torch.allclose(found, expected, rtol=1e-4)
    grads = [torch.autograd.grad(value.sum(), params) for value in (found, expected)]
    assert all(torch.allclose(a, b, rtol=1e-3, atol=1e-4) for a, b in zip(*grads, strict=True))
