"""GRU for stacks of clients: PyTorch's own has no rule for them."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from counterpoint.models.stacking import gru_passes
from counterpoint.models.stacking.passes import Tensors
from counterpoint.models.stacking.recurrent import Cell, Recurrent, usual
from counterpoint.models.stacking.registry import stacks


class GRUCell(Cell):
    """h <- n + z * (h - n).

    r = sigmoid(W_ir x + b_ir + W_hr h + b_hr), z likewise, n = tanh(W_in x + b_in + r * (W_hn h + b_hn)).
    """

    states = 1

    def plain(self, *values: Tensor) -> Tensors:
        """Step by step."""
        x, h, weight_ih, weight_hh, bias_ih, bias_hh = values
        inputs = torch.einsum("...rtc,...gc->...rtg", x, weight_ih) + bias_ih[..., None, None, :]
        outputs = []
        for given in inputs.unbind(-2):
            own = h @ weight_hh.transpose(-1, -2) + bias_hh[..., None, :]
            given_r, given_z, given_n = given.chunk(3, -1)
            own_r, own_z, own_n = own.chunk(3, -1)
            n = torch.tanh(given_n + torch.sigmoid(given_r + own_r) * own_n)
            h = n + torch.sigmoid(given_z + own_z) * (h - n)
            outputs.append(h)
        return (torch.stack(outputs, -2),)

    def forward(self, *values: Tensor) -> tuple[Tensors, Tensors]:
        """Of many clients."""
        given, states, gates, own = gru_passes.forward(*values)
        return (states[:, 1:].transpose(1, 2),), (given, states, gates, own, values[2], values[3])

    def backward(self, grads: Sequence[Tensor], saved: Sequence[Tensor], needs_x: bool) -> Tensors:
        """Of many clients."""
        found: Tensors = gru_passes.backward(grads[0].transpose(1, 2), *saved, needs_x)
        return found


class StackedGRU(Recurrent):
    """`nn.GRU(batch_first=True)` in one direction, fast for many clients at once."""

    def forward(self, x: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """[rows, steps, channels] and [layers, rows, width] -> [rows, steps, width] and [layers, rows, width]."""
        outputs, (last,) = self.run(x, None if hx is None else (hx,))
        return outputs, last


@stacks(nn.GRU)
def stacked_gru(layer: nn.GRU) -> nn.Module | None:
    """The twin of a GRU that takes batches first, in one direction, with biases, without dropout."""
    return StackedGRU(layer, GRUCell()) if usual(layer) else None
