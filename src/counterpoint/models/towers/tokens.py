"""A modality's sample as a few vectors of one width, for a transformer."""

from collections.abc import Callable
from math import ceil

import torch
from torch import Tensor, nn
from torch.nn import functional

from counterpoint.data.modality import Kind, Modality
from counterpoint.errors import UserError
from counterpoint.models.autoencoders.views import view_of
from counterpoint.models.encoders.grams import BITS, pieces
from counterpoint.models.encoders.mlp import TableMLP

Tokens = tuple[Tensor, Tensor | None]
"""Vectors [rows, steps, width], and which are real, bool [rows, steps]; None where all are."""

SIDE, SIDES = 7, 8
"""Pixels of the side of an image's smallest patch, and how many patches it has at most along a side."""
MOST_PATCHES = 16
"""Of a sequence."""
BYTES, MOST_TOKENS = 8, 64
"""Bytes of a text that make a token, and the most tokens of a text: of longer ones, tokens are of more bytes."""
BUCKETS = 2048
LONGEST = 3
SPREAD = 0.1
"""Standard deviation of pieces' vectors at first; from 1 on they learn too slowly."""


class Patches(nn.Module):
    """Base of what makes tokens.

    Attributes:
        steps: how many tokens a sample has.
        mixes: whether tokens are to learn of one another in layers of a transformer.
    """

    steps: int
    mixes: bool = True

    def __call__(self, x: Tensor) -> Tokens:
        """Tokens of samples [rows, *shape]."""
        tokens: Tokens = super().__call__(x)
        return tokens


class ImagePatches(Patches):
    """Square patches of a picture from -1 to 1 -> linear. Grey is added below and to the right until patches fit.

    Args:
        shape: channels, height, width.
        width: of a token.
        patch: side of a patch, in pixels; 0 chooses one, see `side_of`.
    """

    def __init__(self, shape: tuple[int, ...], width: int, patch: int) -> None:
        super().__init__()
        channels, *sides = shape
        self.side = patch or side_of(*sides)
        self.many = [ceil(side / self.side) for side in sides]
        down, right = (many * self.side - side for many, side in zip(self.many, sides, strict=True))
        self.added = (0, right, 0, down)
        self.steps = self.many[0] * self.many[1]
        self.project = nn.Linear(channels * self.side**2, width)

    def forward(self, x: Tensor) -> Tokens:
        """[rows, channels, height, width] from 0 to 1 -> [rows, patches, width], line by line."""
        whole = functional.pad(2 * x - 1, self.added)
        rows, channels = x.shape[:2]
        cut = whole.reshape(rows, channels, self.many[0], self.side, self.many[1], self.side)
        return self.project(cut.permute(0, 2, 4, 1, 3, 5).reshape(rows, self.steps, channels * self.side**2)), None


def side_of(height: int, width: int) -> int:
    """The side of a patch: from 7 pixels on, at most 8 patches along a side of the image.

    The smallest such number that divides height and width, if one below twice the smallest does; else the smallest, and
    the picture is filled up. 28 -> 7; 32, 48, 64 -> 8; 224 -> 28.
    """
    least = max(SIDE, ceil(max(height, width) / SIDES))
    fitting = (side for side in range(least, 2 * least) if height % side == 0 and width % side == 0)
    return next(fitting, least)


class StepPatches(Patches):
    """Neighbouring steps of a sequence -> linear: of a sound, of the windows of its log-mel spectrogram.

    Zeros are added at the end until patches fit. Values are those of `view_of`: asinh of a sequence's.

    Args:
        modality: a sequence or a sound.
        width: of a token.
    """

    def __init__(self, modality: Modality, width: int) -> None:
        super().__init__()
        self.view = view_of(modality)
        self.long = ceil(self.view.steps / MOST_PATCHES)
        self.steps = ceil(self.view.steps / self.long)
        self.added = self.steps * self.long - self.view.steps
        self.project = nn.Linear(self.view.width * self.long, width)

    def forward(self, x: Tensor) -> Tokens:
        """[rows, *shape] -> [rows, patches, width]."""
        whole = functional.pad(self.view(x), (0, 0, 0, self.added))
        return self.project(whole.reshape(x.shape[0], self.steps, self.long * self.view.width)), None


class TextPatches(Patches):
    """Bytes of a text, some of them a token: the sum of vectors of the pieces that end there -> LayerNorm -> linear.

    Pieces are those of `grams.pieces`: sequences of one to three bytes, and words, which cross the borders of tokens. A
    piece's vector is one of 2,048, by the upper 11 bits of its number, so that no vocabulary is agreed on; where no
    piece of a length ends, there is one more vector, which begins as 0. Tokens without a piece, after the last byte,
    are not real.

    Args:
        length: of texts, in bytes.
        width: of a token.
    """

    def __init__(self, length: int, width: int) -> None:
        super().__init__()
        self.places = length + 2
        self.long = max(BYTES, ceil(self.places / MOST_TOKENS))
        self.steps = ceil(self.places / self.long)
        self.vector = nn.Embedding(BUCKETS + 1, width)
        nn.init.normal_(self.vector.weight, std=SPREAD)
        nn.init.zeros_(self.vector.weight.data[BUCKETS])
        self.project = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width))

    def forward(self, x: Tensor) -> Tokens:
        """Bytes as float [rows, bytes] -> [rows, tokens, width]."""
        number, there = (self._cut(values) for values in pieces(x, LONGEST))
        vectors = self.vector(torch.where(there, (number * BUCKETS) >> BITS, BUCKETS))
        return self.project(vectors.sum(2)), there.any(2)

    def _cut(self, values: Tensor) -> Tensor:
        """What is known of pieces, as `pieces` answers it -> [rows, tokens, pieces], by the place where each ends."""
        sizes = [max(0, self.places - n + 1) for n in range(1, LONGEST + 1)]
        parts = torch.split(values, [*sizes, self.places], 1)
        after = self.steps * self.long - self.places
        placed = [functional.pad(part, (self.places - part.shape[1], after)) for part in parts]
        return torch.stack(placed, 2).reshape(values.shape[0], self.steps, self.long * (LONGEST + 1))


class TableToken(Patches):
    """A table's row as one token, `TableMLP` -> linear; nothing has to be mixed, so that it costs next to nothing.

    Args:
        columns: of the table.
        width: of the token.
    """

    steps = 1
    mixes = False

    def __init__(self, columns: int, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(TableMLP(columns, width), nn.Linear(width, width))

    def forward(self, x: Tensor) -> Tokens:
        """[rows, columns], NaN where missing -> [rows, 1, width]."""
        return self.body(x)[:, None], None


_PATCHES: dict[Kind, Callable[[Modality, int, int], Patches]] = {
    "image": lambda modality, width, patch: ImagePatches(modality.shape, width, patch),
    "text": lambda modality, width, patch: TextPatches(modality.shape[0], width),
    "sequence": lambda modality, width, patch: StepPatches(modality, width),
    "audio": lambda modality, width, patch: StepPatches(modality, width),
    "table": lambda modality, width, patch: TableToken(modality.shape[0], width),
}


def patches_of(modality: Modality, width: int, patch: int = 0) -> Patches:
    """What makes tokens of a modality, by its kind.

    Raises:
        UserError: the modality is of an unknown kind.
    """
    if modality.kind not in _PATCHES:
        raise UserError(f"there is no tower for modality {modality.name!r} of kind {modality.kind!r}: leave it out")
    return _PATCHES[modality.kind](modality, width, patch)
