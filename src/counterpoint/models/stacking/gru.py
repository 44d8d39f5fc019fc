"""GRU in plain operations, for stacks of clients: PyTorch's own has no rule for them."""

import torch
from torch import Tensor, nn

from counterpoint.models.stacking.linear import linear
from counterpoint.models.stacking.registry import stacks


class PlainGRU(nn.Module):
    """What `nn.GRU(batch_first=True)` with one layer and one direction computes, with its parameters.

    r = sigmoid(W_ir x + b_ir + W_hr h + b_hr), z likewise, n = tanh(W_in x + b_in + r * (W_hn h + b_hn)),
    h <- n + z * (h - n). The projection of the input, W_i x + b_i, is taken for all steps at once.
    """

    weight_ih_l0: Tensor
    weight_hh_l0: Tensor
    bias_ih_l0: Tensor
    bias_hh_l0: Tensor

    def __init__(self, layer: nn.GRU) -> None:
        super().__init__()
        for name, value in layer.named_parameters():
            self.register_parameter(name, nn.Parameter(value.detach().clone(), requires_grad=value.requires_grad))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[rows, steps, channels] -> [rows, steps, hidden] and [1, rows, hidden]."""
        inputs = linear(x, self.weight_ih_l0, self.bias_ih_l0)
        recurrent = self.weight_hh_l0.t()
        h = torch.zeros_like(inputs[:, 0, : recurrent.shape[0]])
        states = []
        for given in inputs.unbind(1):
            own = h @ recurrent + self.bias_hh_l0
            given_r, given_z, given_n = given.chunk(3, -1)
            own_r, own_z, own_n = own.chunk(3, -1)
            n = torch.tanh(given_n + torch.sigmoid(given_r + own_r) * own_n)
            h = n + torch.sigmoid(given_z + own_z) * (h - n)
            states.append(h)
        return torch.stack(states, 1), h.unsqueeze(0)


@stacks(nn.GRU)
def plain_gru(layer: nn.GRU) -> nn.Module | None:
    """The plain twin of a GRU that takes batches first, of one layer, one direction, with biases, without dropout."""
    usual = layer.batch_first and layer.num_layers == 1 and not layer.bidirectional and layer.bias
    return PlainGRU(layer) if usual else None
