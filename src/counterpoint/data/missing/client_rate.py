"""Missing from clients, at a rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from counterpoint.data.missing.exact import check_rate, draw
from counterpoint.data.missing.mechanism import Level, Missing
from counterpoint.data.population import Dataset


@dataclass(frozen=True)
class ClientRate(Missing):
    """`client:RATE`: clients lack whole modalities, see `exact.draw`.

    Attributes:
        rate: the share of all (client, modality) pairs that is lost, in [0, 1).
    """

    level: ClassVar[Level] = "client"
    rate: float

    @property
    def spec(self) -> str:
        """The text that stands for it."""
        return f"client:{self.rate}"

    def check(self, dataset: Dataset) -> None:
        """Refuse a rate that is too high for so few modalities."""
        check_rate(self.rate, len(dataset.modalities))

    def of_clients(self, there: Tensor, names: Sequence[str], source: torch.Generator) -> Tensor:
        """Exactly that share of what clients have is lost, and nobody loses all."""
        return draw(there, self.rate, source)
