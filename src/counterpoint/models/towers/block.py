"""A transformer layer of plain operations: the same bits with and without gradient, one client or many."""

import math

import torch
from torch import Tensor, nn

from counterpoint.errors import UserError

HEADS = 4
WIDER = 2
"""How much wider the feed-forward part is inside."""
NEVER = -1e9
"""In place of the score of padding: finite, so that no gradient is, and exp of it is exactly 0."""


class Block(nn.Module):
    """x + attention(norm(x)), then x + feed-forward(norm(x)): [rows, steps, width] -> the same.

    Attention of four heads: softmax(Q K^T / sqrt(width of a head)) V over the steps that are real. Feed-forward: linear
    to twice the width, GELU, linear. There is no dropout. Keys have no bias: it would add the same to all scores of a
    query, so that its gradient is rounding alone, which Adam would turn into steps.

    Args:
        width: of a token; a multiple of the number of heads.

    Raises:
        UserError: the width is no multiple of the number of heads.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        if width % HEADS:
            raise UserError(f"a tower has {HEADS} heads: make its width a multiple of that, {width} is none")
        self.before_attention, self.before_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width, bias=False)
        self.value, self.mix = nn.Linear(width, width), nn.Linear(width, width)
        self.feed = nn.Sequential(nn.Linear(width, WIDER * width), nn.GELU(), nn.Linear(WIDER * width, width))

    def forward(self, x: Tensor, real: Tensor | None = None, *, first_only: bool = False) -> Tensor:
        """What becomes of every token, or of the first alone, which is cheaper.

        Args:
            x: tokens, [rows, steps, width].
            real: bool [rows, steps], false for padding, which no token attends to; all are real where None. The first
                of a row must be.
            first_only: whether the answer is [rows, 1, width]: the first token of what it would be otherwise.
        """
        seen = self.before_attention(x)
        asking, x = (seen[:, :1], x[:, :1]) if first_only else (seen, x)
        query, key, value = (_heads(part) for part in (self.query(asking), self.key(seen), self.value(seen)))
        scores = (query / math.sqrt(query.shape[-1])) @ key.transpose(-1, -2)
        if real is not None:
            scores = torch.where(real[:, None, None], scores, NEVER)
        x = x + self.mix((torch.softmax(scores, -1) @ value).transpose(1, 2).flatten(-2))
        fed: Tensor = x + self.feed(self.before_feed(x))
        return fed


def _heads(x: Tensor) -> Tensor:
    """[rows, steps, width] -> [rows, heads, steps, width of a head]."""
    return x.reshape(*x.shape[:-1], HEADS, x.shape[-1] // HEADS).transpose(1, 2)
