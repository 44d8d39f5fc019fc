"""Missing from clients, by type of client."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from counterpoint.data.missing.mechanism import Level, Missing
from counterpoint.data.population import Dataset
from counterpoint.data.samples import pattern_name
from counterpoint.errors import UserError, unknown


@dataclass(frozen=True)
class ClientTypes(Missing):
    """`client:acc:10,gyro:10,acc+gyro:10`: so many clients own exactly these modalities.

    Which client is of which type is drawn. The global test set stays complete: its rows belong to no client, and a
    type says nothing about them.

    Attributes:
        types: pattern and number of clients, sorted by pattern; patterns as `pattern_name` gives them.
    """

    level: ClassVar[Level] = "client"
    types: tuple[tuple[str, int], ...]

    @property
    def spec(self) -> str:
        """The text that stands for it."""
        return "client:" + ",".join(f"{pattern}:{count}" for pattern, count in self.types)

    @property
    def clients(self) -> int:
        """The sum over the types."""
        return sum(count for _, count in self.types)

    def check(self, dataset: Dataset) -> None:
        """Refuse a modality that the data set has not."""
        for pattern, _ in self.types:
            for name in pattern.split("+"):
                if name not in dataset.modalities:
                    raise unknown(f"modality of {dataset.name}", name, dataset.modalities)

    def of_clients(self, there: Tensor, names: Sequence[str], source: torch.Generator) -> Tensor:
        """Each client keeps the modalities of its type."""
        own = torch.tensor([[name in pattern.split("+") for name in names] for pattern, _ in self.types])
        whose = torch.arange(len(self.types)).repeat_interleave(torch.tensor([count for _, count in self.types]))
        kept = own[whose[torch.randperm(len(whose), generator=source)]]
        for client, column in (kept & ~there).nonzero().tolist():
            pattern = pattern_name(name for name, mine in zip(names, kept[client].tolist(), strict=True) if mine)
            raise UserError(
                f"client {client} cannot be of type {pattern}: it has no {names[column]} to begin with; use another "
                "seed, other types, another partition, or client:RATE."
            )
        return kept

    def of_owners(self, there: Tensor, names: Sequence[str], source: torch.Generator) -> Tensor:
        """The global test set stays as it is."""
        return there

    def told(self, dataset: Dataset, seed: int) -> dict[str, object]:
        """How many clients are of which type."""
        return {"types": dict(self.types)}
