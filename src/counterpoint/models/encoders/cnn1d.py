"""A small convolutional encoder for sequences."""

from torch import Tensor, nn

GROUPS = 8


class SequenceCNN(nn.Module):
    """Two convolutions with GroupNorm, averaged over time.

    x [rows, channels, steps] -> conv(5) to 32 -> GroupNorm -> relu -> max-pool 2 -> conv(5) to 64 -> GroupNorm -> relu
    -> mean over steps -> linear to [rows, width]. GroupNorm has no running statistics, so that what is averaged over
    clients is parameters only.

    Args:
        channels: of the input.
        width: of the embedding.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(channels, 32, 5, padding=2),
            nn.GroupNorm(GROUPS, 32),
            nn.ReLU(),
            nn.MaxPool1d(2),
            nn.Conv1d(32, 64, 5, padding=2),
            nn.GroupNorm(GROUPS, 64),
            nn.ReLU(),
        )
        self.out = nn.Linear(64, width)

    def forward(self, x: Tensor) -> Tensor:
        """[rows, channels, steps] -> [rows, width]."""
        embedding: Tensor = self.out(self.body(x).mean(-1))
        return embedding
