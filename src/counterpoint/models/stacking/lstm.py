"""LSTM for stacks of clients: PyTorch's own falls back to a loop over them."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from counterpoint.models.stacking import lstm_fused, lstm_passes
from counterpoint.models.stacking.passes import Tensors
from counterpoint.models.stacking.recurrent import Cell, Recurrent, usual
from counterpoint.models.stacking.registry import stacks


class LSTMCell(Cell):
    """i, f, o = sigmoid(...), g = tanh(...) of W_x x + b_x + W_h h + b_h; c <- f c + i g, h <- o tanh(c)."""

    states = 2

    def plain(self, *values: Tensor) -> Tensors:
        """Step by step."""
        x, h, c, weight_ih, weight_hh, bias_ih, bias_hh = values
        inputs = torch.einsum("...rtc,...gc->...rtg", x, weight_ih) + (bias_ih + bias_hh)[..., None, None, :]
        outputs = []
        for given in inputs.unbind(-2):
            i, f, g, o = (given + h @ weight_hh.transpose(-1, -2)).chunk(4, -1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs, -2), c

    def forward(self, *values: Tensor) -> tuple[Tensors, Tensors]:
        """Of many clients."""
        if lstm_fused.fits(values[0]):
            given, states, last = lstm_fused.forward(*values)
            return (states.transpose(1, 2), last), (given, *values[1:])
        given, states, cells, gates, bent = lstm_passes.forward(*values)
        outputs = states[:, 1:].transpose(1, 2), cells[:, -1]
        return outputs, (given, states, cells, gates, bent, values[3], values[4])

    def backward(self, grads: Sequence[Tensor], saved: Sequence[Tensor], needs_x: bool) -> Tensors:
        """Of many clients."""
        grad = grads[0].transpose(1, 2)
        if lstm_fused.fits(grad):
            *found, bias = lstm_fused.backward(grad, grads[1], *saved)
        else:
            *found, bias = lstm_passes.backward(grad, grads[1], *saved, needs_x)
        return *found, bias, bias


class StackedLSTM(Recurrent):
    """`nn.LSTM(batch_first=True)` in one direction, fast for many clients at once."""

    def forward(self, x: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """[rows, steps, channels] and h, c [layers, rows, width] -> [rows, steps, width] and the last h, c."""
        outputs, (h, c) = self.run(x, hx)
        return outputs, (h, c)


@stacks(nn.LSTM)
def stacked_lstm(layer: nn.LSTM) -> nn.Module | None:
    """The twin of an LSTM that takes batches first, in one direction, with biases, without dropout or projections."""
    return StackedLSTM(layer, LSTMCell()) if usual(layer) else None
