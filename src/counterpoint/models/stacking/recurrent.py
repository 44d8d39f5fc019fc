"""What the recurrent layers of a stack have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from counterpoint.models.stacking.functions import apply, first
from counterpoint.models.stacking.passes import Tensors


class Cell(ABC):
    """A kind of recurrent layer.

    `values` are x [..., rows, steps, channels], states [..., rows, width], and weight_ih, weight_hh, bias_ih, bias_hh;
    what it answers is the outputs [..., rows, steps, width] and then the last values of all states but the first.

    Attributes:
        states: how many a layer carries from step to step.
    """

    states: int

    @abstractmethod
    def plain(self, *values: Tensor) -> Tensors:
        """In operations that PyTorch differentiates, as often as asked."""

    @abstractmethod
    def forward(self, *values: Tensor) -> tuple[Tensors, Tensors]:
        """Of many clients: what it answers and what the backward pass needs."""

    @abstractmethod
    def backward(self, grads: Sequence[Tensor], saved: Sequence[Tensor], needs_x: bool) -> Tensors:
        """Of many clients: gradients of `values`; that of x is empty where it is not needed."""


class _Stacked(Function):
    """A cell of many clients, everything [clients, ...]."""

    @staticmethod
    def forward(ctx: Any, cell: Cell, *values: Tensor) -> Tensors:
        outputs, saved = cell.forward(*values)
        ctx.cell, ctx.given = cell, len(values)
        ctx.save_for_backward(*values, *saved)
        return outputs

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """By hand; by PyTorch where the gradient itself will be differentiated."""
        values, saved = ctx.saved_tensors[: ctx.given], ctx.saved_tensors[ctx.given :]
        if torch.is_grad_enabled():
            return None, *_plain_backward(ctx.cell, values, grads)
        needs_x = ctx.needs_input_grad[1]
        dx, *others = ctx.cell.backward(grads, saved, needs_x)
        return None, dx if needs_x else None, *others


class _OfOne(Function):
    """The same for one client; under `torch.vmap` it becomes `_Stacked`."""

    generate_vmap_rule = False

    @staticmethod
    def forward(cell: Cell, *values: Tensor) -> Tensors:
        outputs, _ = cell.forward(*(value[None] for value in values))
        return tuple(output[0] for output in outputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensors) -> None:
        ctx.cell = inputs[0]
        ctx.save_for_backward(*inputs[1:])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """By PyTorch."""
        return None, *_plain_backward(ctx.cell, ctx.saved_tensors, grads)

    @staticmethod
    def vmap(info: Any, in_dims: Any, cell: Cell, *values: Tensor) -> tuple[Tensors, tuple[int, ...]]:
        """Clients first in everything."""
        given = [first(value, dim, info.batch_size) for value, dim in zip(values, in_dims[1:], strict=True)]
        outputs = apply(_Stacked, cell, *given)
        return outputs, (0,) * len(outputs)


def _plain_backward(cell: Cell, values: Sequence[Tensor], grads: Sequence[Tensor]) -> Tensors:
    found: Tensors = torch.func.vjp(cell.plain, *values)[1](tuple(grads))
    return found


class Recurrent(nn.Module):
    """A recurrent layer with the parameters of `torch.nn`'s, batches first, in one direction, with biases.

    Args:
        layer: whose parameters it takes.
        cell: what it computes.
    """

    def __init__(self, layer: nn.RNNBase, cell: Cell) -> None:
        super().__init__()
        self._cell, self._layers, self._width = cell, layer.num_layers, layer.hidden_size
        for name, value in layer.named_parameters():
            self.register_parameter(name, nn.Parameter(value.detach().clone(), requires_grad=value.requires_grad))

    def run(self, x: Tensor, start: Sequence[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        """Outputs [rows, steps, width] and the last states [layers, rows, width]; without rows, if x has none.

        Args:
            x: [rows, steps, channels] or [steps, channels].
            start: states [layers, rows, width]; zeros where None.
        """
        if x.dim() == 2:
            outputs, ends = self.run(x[None], None if start is None else [state[:, None] for state in start])
            return outputs[0], [end[:, 0] for end in ends]
        zero = x.new_zeros(self._layers, x.shape[0], self._width)
        states = [zero] * self._cell.states if start is None else list(start)
        last = []
        for layer in range(self._layers):
            names = [f"{kind}_l{layer}" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
            own = (getattr(self, name) for name in names)
            x, *ends = apply(_OfOne, self._cell, x, *(state[layer] for state in states), *own)
            last.append([x[:, -1], *ends])
        return x, [torch.stack(each) for each in zip(*last, strict=True)]


def usual(layer: nn.RNNBase) -> bool:
    """Whether a layer takes batches first, in one direction, with biases, without dropout or projections."""
    plain = layer.batch_first and layer.bias and not layer.bidirectional and not layer.proj_size
    return plain and (layer.num_layers == 1 or not layer.dropout)
