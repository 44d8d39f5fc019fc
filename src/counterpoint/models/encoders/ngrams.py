"""An encoder for text that needs no vocabulary: counts of hashed pieces."""

from torch import Tensor, nn

from counterpoint.models.encoders.grams import BITS, pieces

BUCKETS = 2048
LONGEST = 5


class TextNgrams(nn.Module):
    """Counts of hashed n-grams of bytes and of words -> linear -> LayerNorm -> relu -> linear to [rows, width].

    Each of the text's `pieces` is counted in one of 2,048 buckets, as +1 or as -1. Number and sign come from the hash,
    so that nothing is to be agreed on, and pieces that share a bucket (30 letters have some 150) cancel as often
    as they add up: the scalar product of two texts' counts is on average that of counts without collisions.

    Args:
        width: of the embedding.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(BUCKETS, width), nn.LayerNorm(width), nn.ReLU())
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """[rows, bytes] -> [rows, width]."""
        embedding: Tensor = self.out(self.body(counted(x)))
        return embedding


def counted(x: Tensor) -> Tensor:
    """Damped counts of a text's pieces, [rows, buckets]: c -> sign(c) sqrt(|c|), then made length one.

    Of a piece's 31-bit number the upper 11 bits are the bucket and the lowest one the sign.

    Args:
        x: bytes as float, [rows, bytes], zeros after the end.
    """
    number, there = pieces(x, LONGEST)
    bucket = (number * BUCKETS) >> BITS
    sign = there.to(x.dtype) * (2 * (number & 1) - 1)
    count = x.new_zeros(x.shape[0], BUCKETS).scatter_add(1, bucket, sign)
    damped = count.sign() * count.abs().sqrt()
    unit: Tensor = damped / damped.norm(dim=1, keepdim=True).clamp(min=1)
    return unit
