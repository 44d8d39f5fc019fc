"""What a way of losing modalities is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from counterpoint.data.bursts import Bursts
from counterpoint.data.modality import Modality
from counterpoint.data.population import Dataset

Level = Literal["none", "client", "sample", "time"]


@dataclass(frozen=True)
class Missing:
    """A way of losing modalities; this one loses nothing, and is the base of the others.

    Others override what belongs to their level: `of_clients` takes whole modalities from clients, `of_rows` takes
    modalities from single rows, `of_steps` takes steps inside values. Each draws from nothing but its `source`.

    Class attributes:
        level: on which it works.
    """

    level: ClassVar[Level] = "none"

    @property
    def spec(self) -> str:
        """The text that stands for it, see `parse`."""
        return "none"

    @property
    def clients(self) -> int | None:
        """How many clients there must be, None if it does not matter."""
        return None

    def check(self, dataset: Dataset) -> None:
        """Refuse what cannot be in this data set, before anything is drawn.

        Raises:
            UserError: it would leave rows without any modality, or speaks of a modality that is not there.
        """

    def of_clients(self, there: Tensor, names: Sequence[str], source: torch.Generator) -> Tensor:
        """Decide what clients keep.

        Args:
            there: bool [clients, modalities], what they have to begin with.
            names: of the modalities, sorted.
            source: where the chance comes from.

        Returns:
            bool [clients, modalities], nothing that is not `there`.

        Raises:
            UserError: a client has not what it would have to keep.
        """
        return there

    def of_owners(self, there: Tensor, names: Sequence[str], source: torch.Generator) -> Tensor:
        """The same for the natural owners of the global test set."""
        return self.of_clients(there, names, source)

    def odds(self, dataset: Dataset, seed: int) -> Tensor | None:
        """Log-odds with which each row of the data set loses, float64 [rows]; None if all are alike."""
        return None

    def of_rows(self, there: Tensor, names: Sequence[str], odds: Tensor | None, source: torch.Generator) -> Tensor:
        """Decide what rows keep.

        Args:
            there: bool [rows, modalities], what they have to begin with.
            names: of the modalities, sorted.
            odds: of these rows, see `odds`.
            source: where the chance comes from.

        Returns:
            bool [rows, modalities], nothing that is not `there`, and never nothing of a row that had something.
        """
        return there

    def of_steps(self, modality: Modality, rows: int, source: torch.Generator) -> Bursts | None:
        """Decide which steps so many rows lose of a modality; None if none."""
        return None

    def realised(self, before: Tensor, after: Tensor, modalities: Mapping[str, Modality]) -> float:
        """The share that was lost of what could be: of (client, modality) or (row, modality) pairs, or of steps.

        Args:
            before: bool [clients or rows, modalities], columns sorted by name.
            after: likewise.
            modalities: by name.
        """
        return share_lost(before, after)

    def told(self, dataset: Dataset, seed: int) -> dict[str, object]:
        """What else it draws, as plain values."""
        return {}


def share_lost(before: Tensor, after: Tensor) -> float:
    """The share of the true entries that are true no longer; 0 if there are none."""
    return int((before & ~after).sum()) / max(int(before.sum()), 1)
