"""Layers written out for stacks of clients: each computes what its original does, forward and backward."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.fx.experimental.proxy_tensor import make_fx

from counterpoint.models.stacking import passes, stackable_copy

LAYERS: dict[str, Callable[[int, int], nn.Module]] = {
    "gru": lambda channels, width: nn.GRU(channels, width, batch_first=True),
    "lstm": lambda channels, width: nn.LSTM(channels, width, batch_first=True),
    "gru of two layers": lambda channels, width: nn.GRU(channels, width, 2, batch_first=True),
    "lstm of two layers": lambda channels, width: nn.LSTM(channels, width, 2, batch_first=True),
    "linear": nn.Linear,
    "linear without bias": lambda channels, width: nn.Linear(channels, width, bias=False),
}
layers = pytest.mark.parametrize("kind", LAYERS)
recurrent = pytest.mark.parametrize("kind", [kind for kind in LAYERS if "linear" not in kind])
AS_IT_IS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "conv1d": (lambda: nn.Conv1d(3, 4, 3, padding=1), (3, 8)),
    "conv2d": (lambda: nn.Conv2d(3, 4, 3, stride=2, groups=1), (3, 8, 8)),
    "group norm": (lambda: nn.GroupNorm(2, 4), (4, 6)),
    "layer norm": (lambda: nn.LayerNorm(6), (4, 6)),
    "max pool 1d": (lambda: nn.MaxPool1d(2), (4, 6)),
    "max pool 2d": (lambda: nn.MaxPool2d(2), (4, 6, 6)),
    "mean pool 1d": (lambda: nn.AvgPool1d(2), (4, 6)),
    "mean pool 2d": (lambda: nn.AvgPool2d(2), (4, 6, 6)),
    "adaptive pool 1d": (lambda: nn.AdaptiveAvgPool1d(2), (4, 6)),
    "adaptive pool 2d": (lambda: nn.AdaptiveAvgPool2d(2), (4, 6, 6)),
    "flatten": (nn.Flatten, (4, 6)),
    "identity": (nn.Identity, (4,)),
    **{
        kind.__name__: (kind, (4, 6)) for kind in (nn.ReLU, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.ELU, nn.Tanh, nn.Sigmoid)
    },
    "softmax": (lambda: nn.Softmax(-1), (4, 6)),
    "log softmax": (lambda: nn.LogSoftmax(-1), (4, 6)),
}


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


def stack_of(clients: list[nn.Module]) -> dict[str, Tensor]:
    every = [dict(client.named_parameters()) for client in clients]
    return {name: torch.stack([own[name].detach() for own in every]).requires_grad_() for name in every[0]}


@pytest.mark.parametrize("common", [False, True])
@pytest.mark.parametrize("kind", AS_IT_IS)
def test_what_stacks_as_it_is(kind: str, common: bool):
    """PyTorch's own rules, of clients with parameters of their own or common ones."""
    torch.manual_seed(0)
    make, shape = AS_IT_IS[kind]
    clients = [make().double() for _ in range(3)]
    for client in clients:
        for value in client.parameters():
            torch.nn.init.normal_(value)
    x = torch.randn(3, 5, *shape, dtype=torch.double).requires_grad_()
    module, params = stackable_copy(clients[0]), stack_of(clients)
    given = {n: p.detach()[0].requires_grad_() for n, p in params.items()} if common else params

    def one(params: dict[str, Tensor], x: Tensor) -> Tensor:
        return value_of(functional_call(module, params, (x,)))

    found = torch.vmap(one, in_dims=(None if common else 0, 0))(given, x)
    used = clients[:1] * 3 if common else clients
    expected = torch.stack([value_of(client(own)) for client, own in zip(used, x, strict=True)])
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-5)
    slopes = torch.autograd.grad(found.sum(), [x, *given.values()])
    theirs = [[dict(client.named_parameters())[n] for n in params] for client in used[: 1 if common else 3]]
    dx, *flat = torch.autograd.grad(expected.sum(), [x, *(value for own in theirs for value in own)])
    assert torch.allclose(slopes[0], dx, rtol=1e-4, atol=1e-5)
    for place, slope in enumerate(slopes[1:]):
        each = flat[place :: len(params)]
        assert torch.allclose(slope, each[0] if common else torch.stack(each), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("padding", [None, 2])
@pytest.mark.parametrize("common", [False, True])
def test_embeddings_of_a_stack_keep_their_padding(common: bool, padding: int | None):
    torch.manual_seed(0)
    tables, index = torch.randn(3, 7, 4).requires_grad_(), torch.randint(7, (3, 5, 2))
    layer = nn.Embedding(7, 4, padding_idx=padding)
    twin = twin_of(layer)

    def one(table: Tensor, index: Tensor, module: nn.Module = layer) -> Tensor:
        return functional_call(module, {"weight": table}, (index,)).sin()

    found = torch.vmap(lambda table, index: one(table, index, twin), in_dims=(None if common else 0, 0))(
        tables[0] if common else tables, index
    )
    expected = torch.stack([one(tables[0 if common else i], index[i]) for i in range(3)])
    assert torch.equal(found, expected)
    slopes = [torch.autograd.grad(value.sum(), tables)[0] for value in (found, expected)]
    assert torch.allclose(*slopes, atol=1e-6)


@recurrent
def test_recurrent_layers_take_a_first_state_and_single_rows(kind: str):
    torch.manual_seed(0)
    layer = LAYERS[kind](3, 4)
    twin, states = twin_of(layer), [torch.randn(layer.num_layers, 5, 4).requires_grad_() for _ in range(2)]
    x, many = torch.randn(5, 6, 3), isinstance(layer, nn.LSTM)
    start = tuple(states) if many else states[0]
    found, expected = leaves(twin(x, start)), leaves(layer(x, start))
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(found, expected, strict=True))
    inputs = states[: 1 + many]
    slopes = [torch.autograd.grad(value_of(answer), inputs) for answer in (found, expected)]
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(*slopes, strict=True))
    row = tuple(state[:, 0] for state in states) if many else states[0][:, 0]
    pairs = zip(leaves(twin(x[0], row)), leaves(layer(x[0], row)), strict=True)
    assert all(a.shape == b.shape and torch.allclose(a, b, atol=1e-6) for a, b in pairs)


@recurrent
def test_gradients_in_double_precision(kind: str):
    """Of the passes written by hand, against differences; steps in several blocks."""
    torch.manual_seed(0)
    layer = LAYERS[kind](2, 3).double()
    twin, params = twin_of(layer), stack_of([layer, LAYERS[kind](2, 3).double()])
    x = torch.randn(2, 2, 4, 2, dtype=torch.double, requires_grad=True)

    def run(x: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
        def one(x: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
            return tuple(leaves(functional_call(twin, dict(zip(params, values, strict=True)), (x,))))

        return torch.vmap(one)(x, *values)

    assert torch.autograd.gradcheck(run, (x, *params.values()))


def test_blocks_of_steps_change_nothing(monkeypatch: pytest.MonkeyPatch):
    torch.manual_seed(0)
    layer, x = nn.GRU(3, 4, batch_first=True), torch.randn(2, 5, 7, 3)
    twin, params = twin_of(layer), stack_of([layer, layer])
    found = []
    for size in (1, 50, 90, 1 << 20):
        monkeypatch.setattr(passes, "BLOCK", size)
        value = torch.vmap(lambda p, x: value_of(functional_call(twin, p, (x,))))(params, x)
        found.append(torch.autograd.grad(value.sum(), list(params.values())))
    for others in found[1:]:
        assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(found[0], others, strict=True))


@layers
def test_a_step_can_be_recorded(kind: str):
    """As a list of operations that does not depend on clients, rows or, for recurrent layers, steps."""
    torch.manual_seed(0)
    twin = twin_of(LAYERS[kind](3, 4))
    counts = set()
    for clients, rows, steps in ((3, 7, 20), (5, 11, 30)):
        params = stack_of([LAYERS[kind](3, 4) for _ in range(clients)])

        def step(x: Tensor, *values: Tensor, names: tuple[str, ...] = tuple(params)) -> list[Tensor]:
            given = [value.detach().requires_grad_() for value in values]
            named = dict(zip(names, given, strict=True))
            value = torch.vmap(lambda p, x: value_of(functional_call(twin, p, (x,))))(named, x)
            return list(torch.autograd.grad(value.sum(), given))

        given = (torch.randn(clients, rows, steps, 3), *(value.detach() for value in params.values()))
        traced = make_fx(step)(*given)
        counts.add(len(traced.graph.nodes))
        again = (torch.randn(clients, rows, steps, 3), *(value * 0.5 for value in given[1:]))
        assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(traced(*again), step(*again), strict=True))
    assert len(counts) == 1 and max(counts) < (200 if "two" in kind else 120)


@recurrent
@pytest.mark.parametrize("type_", [torch.float, torch.double])
def test_operators_are_registered_as_they_behave(kind: str, type_: torch.dtype):
    """Shapes without values equal those with values."""
    torch.manual_seed(0)
    layer = LAYERS[kind](3, 4).to(type_)
    twin, params = twin_of(layer), stack_of([layer, layer])

    def step(x: Tensor, *values: Tensor) -> list[Tensor]:
        given = [value.detach().requires_grad_() for value in (x, *values)]
        named = dict(zip(params, given[1:], strict=True))
        value = torch.vmap(lambda p, x: value_of(functional_call(twin, p, (x,))))(named, given[0])
        return list(torch.autograd.grad(value.sum(), given))

    given = (torch.randn(2, 5, 6, 3, dtype=type_), *(value.detach() for value in params.values()))
    traced = make_fx(step, tracing_mode="fake")(*given)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(traced(*given), step(*given), strict=True))
