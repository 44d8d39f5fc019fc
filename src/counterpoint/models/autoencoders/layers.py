"""One layer of an autoencoder: recurrent over the steps of a sequence, dense where there is one step."""

from torch import Tensor, nn


class Recurrent(nn.Module):
    """An LSTM over the steps, its hidden states: [rows, steps, inputs] -> [rows, steps, width], in (-1, 1).

    Args:
        inputs: of a step.
        width: of the state.
        orthogonal: whether both weight matrices begin orthogonal; as PyTorch draws them where not.
    """

    def __init__(self, inputs: int, width: int, *, orthogonal: bool = False) -> None:
        super().__init__()
        self.body = nn.LSTM(inputs, width, batch_first=True)
        if orthogonal:
            for name in ("weight_ih_l0", "weight_hh_l0"):
                nn.init.orthogonal_(self.body.get_parameter(name))

    def forward(self, x: Tensor) -> Tensor:
        """Hidden states at every step."""
        states: Tensor = self.body(x)[0]
        return states


class Dense(nn.Module):
    """tanh(W x + b) at every step: [rows, steps, inputs] -> [rows, steps, width], in (-1, 1)."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.body = nn.Linear(inputs, width)

    def forward(self, x: Tensor) -> Tensor:
        """The values at every step."""
        values: Tensor = self.body(x).tanh()
        return values


def layer(steps: int, inputs: int, width: int, *, orthogonal: bool = False) -> nn.Module:
    """The layer that suits so many steps."""
    return Recurrent(inputs, width, orthogonal=orthogonal) if steps > 1 else Dense(inputs, width)
