"""Cross-entropy of rows with a backward pass of few operations.

PyTorch's own, under `torch.vmap`, asks of each label whether it is to be ignored, and scatters the gradient into a
tensor of zeros before it multiplies: thirteen operations where five do. In a step of a small model such operations,
each on next to nothing, take as long as the matrix products.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from counterpoint.models.stacking.functions import apply, first


class _Stacked(Function):
    """-log softmax(logits)[label] over the last dimension: logits [..., classes], label int64 [...]."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, label: Tensor) -> Tensor:
        logarithms = torch.log_softmax(logits, -1)
        at = label.unsqueeze(-1)
        ctx.save_for_backward(logarithms, at)
        return -logarithms.gather(-1, at).squeeze(-1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        """(softmax - one-hot of the label) g."""
        logarithms, at = ctx.saved_tensors
        weight = grad.unsqueeze(-1)
        return (logarithms.exp() * weight).scatter_add(-1, at, -weight), None


class _OfOne(Function):
    """The same for one client; under `torch.vmap` it becomes `_Stacked`."""

    generate_vmap_rule = False

    @staticmethod
    def forward(logits: Tensor, label: Tensor) -> Tensor:
        return -torch.log_softmax(logits, -1).gather(-1, label.unsqueeze(-1)).squeeze(-1)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        """As in `_Stacked`."""
        logits, label = ctx.saved_tensors
        weight = grad.unsqueeze(-1)
        return (torch.softmax(logits, -1) * weight).scatter_add(-1, label.unsqueeze(-1), -weight), None

    @staticmethod
    def vmap(info: Any, in_dims: Any, logits: Tensor, label: Tensor) -> tuple[Tensor, int]:
        """Clients first in both."""
        logits, label = (first(v, dim, info.batch_size) for v, dim in zip((logits, label), in_dims, strict=True))
        found: Tensor = apply(_Stacked, logits, label)
        return found, 0


def cross_entropy(logits: Tensor, label: Tensor) -> Tensor:
    """-log softmax(logits)[label] of each row, [rows, classes] and int64 [rows] -> [rows], for many clients at once."""
    losses: Tensor = apply(_OfOne, logits, label)
    return losses
