"""What a frozen encoder is."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from counterpoint.data.modality import Kind, Modality

Progress = Callable[[int, int], None]
"""Told how many rows are done, and of how many."""

Encode = Callable[[Tensor, Modality, Progress], Tensor]
"""(values [rows, *shape], what they are, progress) -> features, float32 [rows, size]."""


@dataclass(frozen=True)
class FrozenEncoder:
    """An encoder that is never trained: features of a row depend on this row alone, and are computed once for all.

    Attributes:
        kind: of modality that it takes.
        size: features of a row.
        version: of its code, raised whenever the same values give other features.
        weights: digest of its weights, or of the file that they come in; empty if it has none.
        encode: makes the features. They should be of about unit scale, as the values of a table are, and need no
            statistics of the data, which clients would have to share. Absent rows are never given to it.
    """

    kind: Kind
    size: int
    version: int
    weights: str
    encode: Encode
