"""A small convolutional encoder for images, and for anything else on a plane."""

from torch import Tensor, nn

GROUPS = 8
PARTS = 3
"""Parts of a plane's height, and of its width, that are averaged apart: where something is matters too."""


class PlaneCNN(nn.Module):
    """Three convolutions with GroupNorm, averaged over nine parts of the plane.

    x [rows, channels, height, width] -> conv(5, stride 2) to 16 -> GroupNorm -> relu -> max-pool 2 -> conv(3) to 32
    -> GroupNorm -> relu -> max-pool 2 -> conv(3) to 64 -> GroupNorm -> relu -> mean over each of 3 x 3 parts -> linear
    to [rows, width]. Height and width halve three times, rounded up, so that a plane may be of any size; 3 x 48 x 48
    costs some two million products a row. GroupNorm has no running statistics, so that what is averaged over clients is
    parameters only.

    Args:
        channels: of the input.
        width: of the embedding.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, 16, 5, stride=2, padding=2),
            nn.GroupNorm(GROUPS, 16),
            nn.ReLU(),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.GroupNorm(GROUPS, 32),
            nn.ReLU(),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.GroupNorm(GROUPS, 64),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(PARTS),
            nn.Flatten(),
        )
        self.out = nn.Linear(64 * PARTS**2, width)

    def forward(self, x: Tensor) -> Tensor:
        """[rows, channels, height, width] -> [rows, width]."""
        embedding: Tensor = self.out(self.body(x))
        return embedding


class ImageCNN(PlaneCNN):
    """`PlaneCNN` of pictures, whose values from 0 to 1 become values from -1 to 1."""

    def forward(self, x: Tensor) -> Tensor:
        """[rows, channels, height, width] -> [rows, width]."""
        return super().forward(2 * x - 1)
