"""One layer of an autoencoder: recurrent over the steps of a sequence, dense where there is one step."""

from torch import Tensor, nn


class Recurrent(nn.Module):
    """An LSTM over the steps, its hidden states: [rows, steps, inputs] -> [rows, steps, width], in (-1, 1).

    Args:
        inputs: of a step.
        width: of the state.
        orthogonal: whether both weight matrices begin orthogonal; as PyTorch draws them where not.
        depth: how many LSTMs there are, one upon the other.
    """

    def __init__(self, inputs: int, width: int, *, orthogonal: bool = False, depth: int = 1) -> None:
        super().__init__()
        self.body = nn.LSTM(inputs, width, depth, batch_first=True)
        if orthogonal:
            for level in range(depth):
                for name in (f"weight_ih_l{level}", f"weight_hh_l{level}"):
                    nn.init.orthogonal_(self.body.get_parameter(name))

    def forward(self, x: Tensor) -> Tensor:
        """Hidden states at every step."""
        states: Tensor = self.body(x)[0]
        return states


class Dense(nn.Module):
    """tanh(W x + b) at every step: [rows, steps, inputs] -> [rows, steps, width], in (-1, 1).

    Args:
        inputs: of a step.
        width: of what comes out.
        depth: how many such layers there are, one upon the other.
    """

    def __init__(self, inputs: int, width: int, *, depth: int = 1) -> None:
        super().__init__()
        self.body = nn.Linear(inputs, width)
        self.more = nn.ModuleList(nn.Linear(width, width) for _ in range(depth - 1))

    def forward(self, x: Tensor) -> Tensor:
        """The values at every step."""
        values: Tensor = self.body(x).tanh()
        for further in self.more:
            values = further(values).tanh()
        return values


def layer(steps: int, inputs: int, width: int, *, orthogonal: bool = False, depth: int = 1) -> nn.Module:
    """The layer that suits so many steps."""
    if steps > 1:
        return Recurrent(inputs, width, orthogonal=orthogonal, depth=depth)
    return Dense(inputs, width, depth=depth)
