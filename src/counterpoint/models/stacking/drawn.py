"""A dropout layer whose masks come from the engine, the same one client at a time and in a stack."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional

from counterpoint.models.draws import LayerDraws, current_draws
from counterpoint.models.mode import is_stacked
from counterpoint.models.stacking.functions import apply


class _Numbers(Function):
    """Uniform numbers; under `torch.vmap`, each client's own."""

    generate_vmap_rule = False

    @staticmethod
    def forward(x: Tensor, draws: LayerDraws, layer: str, shape: Sequence[int]) -> Tensor:
        raise RuntimeError(f"{layer} is called on what is common to all clients of a stack: draw after a layer")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.mark_non_differentiable(output)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[None, ...]:
        """None."""
        return (None,) * 4

    @staticmethod
    def vmap(
        info: Any, in_dims: Any, x: Tensor, draws: LayerDraws, layer: str, shape: Sequence[int]
    ) -> tuple[Tensor, int]:
        """[clients, *shape]."""
        return draws.of_many(layer, shape, info.batch_size), 0


def uniform(like: Tensor, name: str, shape: Sequence[int]) -> Tensor:
    """Numbers uniform in [0, 1), of this shape, drawn for the client and the step; the same on every engine.

    Outside of an engine's training they come from PyTorch's global generator.

    Args:
        like: any tensor that each client has its own of (a parameter, what a layer makes of a batch).
        name: key of the draws: a layer, a term.
        shape: of one client; rows first, if there are any.
    """
    draws = current_draws()
    if draws is None:
        return torch.rand(*shape, device=like.device)
    if is_stacked():
        numbers: Tensor = apply(_Numbers, like.detach(), draws, name, shape)
        return numbers
    return draws.of_one(name, shape)


class DrawnDropout(nn.Module):
    """x * (u >= p) / (1 - p) in training, u uniform in [0, 1) and drawn by `LayerDraws`; x in evaluation.

    Outside of an engine's training u comes from PyTorch's global generator.

    Args:
        p: the probability that a number, or a channel, is dropped.
        whole: how many trailing dimensions are dropped together: 0 for `nn.Dropout`, 1 for `nn.Dropout1d`, 2 for
            `nn.Dropout2d`.

    Attributes:
        name: of the layer in its model, the key of its draws.
    """

    def __init__(self, p: float, whole: int = 0) -> None:
        super().__init__()
        self.p, self.whole, self.name = p, whole, "dropout"

    def forward(self, x: Tensor) -> Tensor:
        """[rows, ...] -> [rows, ...]."""
        if not self.training or not self.p:
            return x
        if self.p == 1:
            return x * 0
        shape = (*x.shape[: x.dim() - self.whole], *[1] * self.whole)
        if current_draws() is None:
            return x * functional.dropout(x.new_ones(shape), self.p)
        numbers = uniform(x, self.name, shape)
        return x * ((numbers >= self.p).to(x.dtype) / (1 - self.p))

    def extra_repr(self) -> str:
        """How it is set."""
        return f"p={self.p}, whole={self.whole}"
