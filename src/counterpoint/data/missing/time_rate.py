"""Missing inside sequences and sound."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from counterpoint.data.bursts import Bursts, draw_bursts, steps_lost
from counterpoint.data.missing.mechanism import Level, Missing
from counterpoint.data.modality import Modality
from counterpoint.data.population import Dataset
from counterpoint.errors import UserError

KINDS = ("sequence", "audio")


@dataclass(frozen=True)
class TimeRate(Missing):
    """`time:RATE`: every row of every modality of kind sequence or audio loses steps in bursts, see `draw_bursts`.

    Modalities lose independently of each other; all channels of one lose the same steps. The lost steps are
    overwritten with zero, and the modality counts as present: that something is lost can be told from the values alone.

    Attributes:
        rate: the share of each row's steps that is lost, in [0, 1), to the nearest whole number of steps.
    """

    level: ClassVar[Level] = "time"
    rate: float

    @property
    def spec(self) -> str:
        """The text that stands for it."""
        return f"time:{self.rate}"

    def check(self, dataset: Dataset) -> None:
        """Refuse data without steps."""
        if not any(modality.kind in KINDS for modality in dataset.modalities.values()):
            kinds = ", ".join(f"{m.name} is {m.kind}" for m in dataset.modalities.values())
            raise UserError(
                f"missing {self.spec}: {dataset.name} has no modality of kind sequence or audio ({kinds}); use sample "
                "or client in place of time."
            )

    def of_steps(self, modality: Modality, rows: int, source: torch.Generator) -> Bursts | None:
        """Bursts for these rows, if the modality has steps."""
        if modality.kind not in KINDS or not steps_lost(self.rate, modality.shape[-1]):
            return None
        return draw_bursts(rows, modality.shape[-1], self.rate, source)

    def realised(self, before: Tensor, after: Tensor, modalities: Mapping[str, Modality]) -> float:
        """The share of the steps of what is present."""
        lost, steps = 0, 0
        for rows, name in zip(after.sum(dim=0).tolist(), sorted(modalities), strict=True):
            if modalities[name].kind in KINDS:
                lost += rows * steps_lost(self.rate, modalities[name].shape[-1])
                steps += rows * modalities[name].shape[-1]
        return lost / max(steps, 1)

    def told(self, dataset: Dataset, seed: int) -> dict[str, object]:
        """How many steps of how many each modality loses."""
        found = {m.name: m.shape[-1] for m in dataset.modalities.values() if m.kind in KINDS}
        return {"steps lost of each row": {m: f"{steps_lost(self.rate, n)} of {n}" for m, n in sorted(found.items())}}
