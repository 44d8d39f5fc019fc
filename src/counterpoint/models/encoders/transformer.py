"""A small transformer over the bytes of a text."""

import torch
from torch import Tensor, nn

from counterpoint.errors import UserError

BYTES = 256
HEADS = 4
LAYERS = 2


class TextTransformer(nn.Module):
    """Bytes and their places -> transformer -> mean over the text -> linear.

    Each byte is one of 256 vectors, to which that of its place is added; two layers of four heads, each normalised
    before attention and before its feed-forward part, then LayerNorm; the mean over the places of the text; linear to
    [rows, width]. A text without bytes is taken for a single byte 0.

    Args:
        length: of texts, in bytes.
        width: of the embedding, and of all vectors inside; a multiple of the number of heads.
        dropout: a probability.

    Raises:
        UserError: the width is no multiple of the number of heads.
    """

    def __init__(self, length: int, width: int, dropout: float = 0.0) -> None:
        super().__init__()
        if width % HEADS:
            raise UserError(f"the transformer has {HEADS} heads: make model.width a multiple of that, {width} is none")
        self.byte = nn.Embedding(BYTES, width)
        self.place = nn.Parameter(0.02 * torch.randn(length, width))
        layer = nn.TransformerEncoderLayer(width, HEADS, 2 * width, dropout, batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(layer, LAYERS, nn.LayerNorm(width), enable_nested_tensor=False)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """[rows, bytes] -> [rows, width]."""
        byte = x.long()
        real = torch.cat([torch.ones_like(byte[:, :1]), byte[:, 1:]], 1) > 0
        states = self.body(self.byte(byte) + self.place, src_key_padding_mask=~real)
        states = torch.where(real[..., None], states, 0.0)
        embedding: Tensor = self.out(states.sum(1) / real.sum(1, keepdim=True))
        return embedding
