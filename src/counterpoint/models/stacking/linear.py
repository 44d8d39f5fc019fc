"""Linear layers of many clients in one batched product, with a backward pass written by hand.

PyTorch's own rule is right but its gradients are products of transposed views, several times slower on a CPU than the
same products taken the other way round.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional

from counterpoint.models.stacking.functions import apply, first
from counterpoint.models.stacking.registry import stacks


class _Stacked(Function):
    """y = x W^T + b for each client: x [clients, rows, in], W [clients, out, in], b [clients, out]."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        if bias is None:
            return torch.bmm(x, weight.transpose(1, 2))
        return torch.baddbmm(bias[:, None], x, weight.transpose(1, 2))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """dx = g W, dW = g^T x, db = sum of g over rows."""
        x, weight = ctx.saved_tensors
        needs_x, needs_weight, needs_bias = ctx.needs_input_grad
        return (
            torch.bmm(grad, weight) if needs_x else None,
            torch.bmm(grad.transpose(1, 2), x) if needs_weight else None,
            grad.sum(1) if needs_bias else None,
        )


class _OfOne(Function):
    """The same for one client; under `torch.vmap` it becomes `_Stacked`."""

    generate_vmap_rule = False

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return functional.linear(x, weight, bias)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor | None], output: Tensor) -> None:
        ctx.save_for_backward(inputs[0], inputs[1])
        ctx.biased = inputs[2] is not None

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """As in `_Stacked`, over rows of any shape."""
        x, weight = ctx.saved_tensors
        rows, given = grad.reshape(-1, grad.shape[-1]), x.reshape(-1, x.shape[-1])
        return grad @ weight, rows.t() @ given, rows.sum(0) if ctx.biased else None

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, int]:
        """Clients first in everything; a weight that is common to all is applied to all rows at once."""
        x_dim, weight_dim, bias_dim = in_dims
        x = first(x, x_dim, info.batch_size)
        if weight_dim is None and bias_dim is None:
            return functional.linear(x, weight, bias), 0
        weight = first(weight, weight_dim, info.batch_size)
        bias = None if bias is None else first(bias, bias_dim, info.batch_size)
        flat = apply(_Stacked, x.reshape(info.batch_size, x.shape[1:-1].numel(), x.shape[-1]), weight, bias)
        return flat.view(*x.shape[:-1], flat.shape[-1]), 0


def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x W^T + b, [..., in] -> [..., out], fast for many clients at once."""
    result: Tensor = apply(_OfOne, x, weight, bias)
    return result


class StackedLinear(nn.Linear):
    """`nn.Linear`, fast for many clients at once."""

    def forward(self, input: Tensor) -> Tensor:
        """[..., in] -> [..., out]."""
        return linear(input, self.weight, self.bias)


@stacks(nn.Linear)
def stacked_linear(layer: nn.Linear) -> nn.Module:
    """The twin of a linear layer."""
    twin = StackedLinear(layer.in_features, layer.out_features, layer.bias is not None, device="meta")
    for name, value in layer.named_parameters():
        setattr(twin, name, nn.Parameter(value.detach().clone(), requires_grad=value.requires_grad))
    return twin
