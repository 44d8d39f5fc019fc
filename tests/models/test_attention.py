"""Attention written out: the values and gradients of PyTorch's own, whatever masks and settings."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from counterpoint.models.stacking.registry import twin_of

pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor", "ignore:Support for mismatched")
ROWS, STEPS, WIDTH, HEADS = 3, 5, 8, 2
CAUSAL = torch.triu(torch.ones(STEPS, STEPS, dtype=torch.bool), 1)
PADDED = torch.arange(STEPS) >= torch.tensor([[5], [3], [1]])


def answer(module: nn.Module, params: dict[str, Tensor], values: list[Tensor], given: dict[str, Any]) -> list[Tensor]:
    """What a module answers, and gradients of a function of it."""
    leaves = [value.clone().requires_grad_() for value in (*params.values(), *values)]
    named = dict(zip(params, leaves, strict=False))
    found = functional_call(module, named, tuple(leaves[len(params) :]), given)
    parts = [part for part in found if part is not None] if isinstance(found, tuple) else [found]
    value = sum((part * torch.linspace(0.1, 2, part.shape[-1])).sin().sum() for part in parts)
    return [*parts, *torch.autograd.grad(value, leaves)]


def same(module: nn.Module, values: list[Tensor], given: dict[str, Any] | None = None) -> None:
    """A twin equals its original, alone and for three clients with parameters of their own."""
    twin, given = twin_of(module), given or {}
    assert twin is not None
    clients = [{n: p.detach() + 0.1 * i for n, p in module.named_parameters()} for i in range(3)]
    assert list(clients[0]) == [name for name, _ in twin.named_parameters()]
    expected = [answer(module, own, values, given) for own in clients]
    alone = answer(twin, clients[0], values, given)
    names = list(clients[0])
    params = {n: torch.stack([own[n] for own in clients]).requires_grad_() for n in names}

    def one(params: dict[str, Tensor]) -> tuple[Tensor, ...]:
        found = functional_call(twin, params, tuple(values), given)
        return tuple(part for part in found if part is not None) if isinstance(found, tuple) else (found,)

    found = torch.vmap(one)(params)
    value = sum((part * torch.linspace(0.1, 2, part.shape[-1])).sin().sum() for part in found)
    together = [*found, *torch.autograd.grad(value, list(params.values()))]
    for ours, theirs in zip(alone, expected[0], strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5, rtol=1e-4)
    for client, theirs in enumerate(expected):
        for ours, other in zip(together, theirs[: len(together)], strict=True):
            assert torch.allclose(ours[client], other, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"need_weights": False},
        {"average_attn_weights": False},
        {"attn_mask": CAUSAL},
        {"attn_mask": CAUSAL, "is_causal": True, "need_weights": False},
        {"attn_mask": torch.linspace(-1, 1, STEPS * STEPS).view(STEPS, STEPS)},
        {"attn_mask": CAUSAL.expand(ROWS * HEADS, STEPS, STEPS)},
        {"key_padding_mask": PADDED},
        {"key_padding_mask": PADDED.float(), "attn_mask": CAUSAL.float()},
    ],
    ids=str,
)
def test_attention(batch_first: bool, bias: bool, given: dict[str, Any]):
    torch.manual_seed(0)
    layer = nn.MultiheadAttention(WIDTH, HEADS, bias=bias, batch_first=batch_first)
    shape = (ROWS, STEPS, WIDTH) if batch_first else (STEPS, ROWS, WIDTH)
    same(layer, [torch.randn(shape) for _ in range(3)], given)


class ToItself(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Any:
        return self.inner(x, x, x)


@pytest.mark.parametrize("shape", [(ROWS, STEPS, WIDTH), (STEPS, WIDTH)])
def test_attention_of_values_to_themselves(shape: tuple[int, ...]):
    torch.manual_seed(0)
    layer, x = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True), torch.randn(shape)
    twin = twin_of(layer)
    assert twin is not None
    params = {f"inner.{n}": p.detach() for n, p in layer.named_parameters()}
    pairs = zip(*(answer(ToItself(one), params, [x], {}) for one in (layer, twin)), strict=True)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in pairs)


def test_a_causal_hint_needs_its_mask():
    twin, x = twin_of(nn.MultiheadAttention(WIDTH, HEADS)), torch.randn(STEPS, ROWS, WIDTH)
    assert twin is not None
    with pytest.raises(ValueError, match="attn_mask"):
        twin(x, x, x, is_causal=True)


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize(
    "given", [{}, {"src_mask": CAUSAL}, {"src_key_padding_mask": PADDED}, {"src_mask": CAUSAL, "is_causal": True}]
)
def test_an_encoder_layer(norm_first: bool, activation: str, given: dict[str, Any]):
    torch.manual_seed(0)
    settings: dict[str, Any] = {"norm_first": norm_first, "activation": activation, "batch_first": True}
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 16, dropout=0.0, **settings)
    same(layer, [torch.randn(ROWS, STEPS, WIDTH)], given)


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("norm", [True, False])
def test_an_encoder(batch_first: bool, norm: bool):
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 16, dropout=0.0, batch_first=batch_first)
    encoder = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(WIDTH) if norm else None)
    shape = (ROWS, STEPS, WIDTH) if batch_first else (STEPS, ROWS, WIDTH)
    same(encoder, [torch.randn(shape)], {"src_key_padding_mask": PADDED})
