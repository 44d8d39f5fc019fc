"""The two parts of a tower: phi, which reads samples, and psi, which makes an embedding of what phi found."""

import torch
from torch import Tensor, nn

from counterpoint.data.modality import Modality
from counterpoint.models.towers.block import Block
from counterpoint.models.towers.tokens import patches_of

Features = tuple[Tensor, Tensor]
"""Tokens [rows, 1 + steps, width], the first of which is CLS, and which are real, bool [rows, 1 + steps]."""

SMALL = 0.02
"""Standard deviation of what is added to tokens at first."""


class FeatureEncoder(nn.Module):
    """phi: samples -> tokens. [CLS; tokens of the sample + their places] -> layers of a transformer -> LayerNorm.

    A table's one token goes through no layer.

    Args:
        modality: whose samples it reads.
        width: of a token.
        depth: layers.
        patch: side of an image's patches, in pixels; 0 chooses one.

    Raises:
        UserError: as `patches_of` and `Block`.
    """

    def __init__(self, modality: Modality, width: int, depth: int, patch: int = 0) -> None:
        super().__init__()
        self.patches = patches_of(modality, width, patch)
        self.cls = nn.Parameter(SMALL * torch.randn(width))
        self.place = nn.Parameter(SMALL * torch.randn(self.patches.steps, width))
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth if self.patches.mixes else 0))
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Features:
        """Tokens of samples [rows, *shape]."""
        found, padded = self.patches(x)
        found = found + self.place
        tokens = torch.cat([self.cls.expand(found.shape[0], 1, -1), found], 1)
        everywhere = torch.ones(tokens.shape[:2], dtype=torch.bool, device=x.device)
        real = None if padded is None else torch.cat([everywhere[:, :1], padded], 1)
        for block in self.blocks:
            tokens = block(tokens, real)
        return self.norm(tokens), everywhere if real is None else real


class Alignment(nn.Module):
    """psi: tokens -> embedding, through one more layer of a transformer and a projection.

    [CLS; tokens] -> layer -> CLS -> linear -> LayerNorm -> ReLU -> linear -> LayerNorm without affine part -> length 1.
    Tokens that are not real are not attended to.

    Published code has BatchNorm in the place of both norms, and attends to padding. A batch here may hold rows that
    lack the modality, and, where clients are stacked, rows that only fill it up: statistics over rows would count them.
    LayerNorm looks at one row alone, and leaves no statistics to send and to average.

    Args:
        width: of a token.
        hidden: width inside the projection.
        size: of the embedding.
    """

    def __init__(self, width: int, hidden: int, size: int) -> None:
        super().__init__()
        self.block = Block(width)
        self.project = nn.Sequential(
            nn.Linear(width, hidden),
            nn.LayerNorm(hidden),
            nn.ReLU(),
            nn.Linear(hidden, size),
            nn.LayerNorm(size, elementwise_affine=False),
        )

    def forward(self, tokens: Tensor, real: Tensor) -> Tensor:
        """[rows, 1 + steps, width] -> [rows, size], of length 1, or 0 where nothing is left after the last norm."""
        return unit(self.project(self.block(tokens, real, first_only=True)[:, 0]))


def unit(x: Tensor) -> Tensor:
    """x / sqrt(||x||^2 + 1e-12) of each row: 0 remains 0, and its gradient is finite."""
    return x * (x.square().sum(-1, keepdim=True) + 1e-12).rsqrt()
