"""A recurrent encoder for sequences."""

from torch import Tensor, nn


class SequenceGRU(nn.Module):
    """One GRU layer of 64 units, its last state through a linear layer to [rows, width].

    Args:
        channels: of the input.
        width: of the embedding.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.body = nn.GRU(channels, 64, batch_first=True)
        self.out = nn.Linear(64, width)

    def forward(self, x: Tensor) -> Tensor:
        """[rows, channels, steps] -> [rows, width]."""
        last: Tensor = self.body(x.transpose(1, 2))[0][:, -1]
        embedding: Tensor = self.out(last)
        return embedding
