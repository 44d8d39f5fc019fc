"""LSTM in plain operations, for stacks of clients: PyTorch's own falls back to a loop over them."""

import torch
from torch import Tensor, nn

from counterpoint.models.stacking.linear import linear
from counterpoint.models.stacking.registry import stacks


class PlainLSTM(nn.Module):
    """What `nn.LSTM(batch_first=True)` with one layer and one direction computes, with its parameters.

    i, f, o = sigmoid(...), g = tanh(...) of W_x x + b_x + W_h h + b_h; c <- f c + i g, h <- o tanh(c). The projection
    of the input, W_x x + b_x, is taken for all steps at once.
    """

    weight_ih_l0: Tensor
    weight_hh_l0: Tensor
    bias_ih_l0: Tensor
    bias_hh_l0: Tensor

    def __init__(self, layer: nn.LSTM) -> None:
        super().__init__()
        for name, value in layer.named_parameters():
            self.register_parameter(name, nn.Parameter(value.detach().clone(), requires_grad=value.requires_grad))

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """[rows, steps, channels] -> [rows, steps, hidden], and last h and c, [1, rows, hidden] each."""
        inputs = linear(x, self.weight_ih_l0, self.bias_ih_l0 + self.bias_hh_l0)
        recurrent = self.weight_hh_l0.t()
        h = c = torch.zeros_like(inputs[:, 0, : recurrent.shape[0]])
        states = []
        for given in inputs.unbind(1):
            i, f, g, o = (given + h @ recurrent).chunk(4, -1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            states.append(h)
        return torch.stack(states, 1), (h.unsqueeze(0), c.unsqueeze(0))


@stacks(nn.LSTM)
def plain_lstm(layer: nn.LSTM) -> nn.Module | None:
    """The plain twin of an LSTM that takes batches first, of one layer, one direction, with biases."""
    usual = layer.batch_first and layer.num_layers == 1 and not layer.bidirectional and layer.bias
    return PlainLSTM(layer) if usual and not layer.proj_size else None
