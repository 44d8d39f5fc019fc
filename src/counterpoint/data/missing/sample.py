"""Missing from samples, whatever they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from counterpoint.data.missing.exact import check_rate, draw
from counterpoint.data.missing.mechanism import Level, Missing
from counterpoint.data.population import Dataset


@dataclass(frozen=True)
class SampleRate(Missing):
    """`sample:RATE`: single rows lack modalities, completely at random, see `exact.draw`.

    Attributes:
        rate: the share of all (row, modality) pairs that is lost, in [0, 1).
    """

    level: ClassVar[Level] = "sample"
    rate: float

    @property
    def spec(self) -> str:
        """The text that stands for it."""
        return f"sample:{self.rate}"

    def check(self, dataset: Dataset) -> None:
        """Refuse a rate that is too high for so few modalities."""
        check_rate(self.rate, len(dataset.modalities))

    def of_rows(self, there: Tensor, names: Sequence[str], odds: Tensor | None, source: torch.Generator) -> Tensor:
        """Exactly that share of what rows have is lost, and no row loses all."""
        return draw(there, self.rate, source, odds=odds)
