"""Missing from samples, depending on the value of another modality."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from counterpoint.data.missing.exact import draw
from counterpoint.data.missing.sample import SampleRate
from counterpoint.data.population import Dataset
from counterpoint.errors import UserError, unknown

UPPER = 2.0
"""Log-odds of rows in the upper half; those of the others are 0."""
AT_ONCE = 2**18
"""About how many values are looked at together."""


@dataclass(frozen=True)
class SampleByValue(SampleRate):
    """`sample:RATE:MODALITY`: one modality is always kept, and what it shows decides how easily a row loses the others.

    What decides is whether the root mean square of the row's values of that modality is above the median of the data
    set, so that no scale enters. Rows of the upper half are e^2, about seven, times as likely to lose as the others.
    All that the loss depends on can be seen, so it is missing at random in the sense of statistics. Exactly `rate` of
    all (row, modality) pairs is lost, those of the kept modality counted too, see `exact.draw`. A row that lacks the
    modality to begin with counts to the lower half.

    Attributes:
        modality: the one that is kept.
    """

    modality: str

    @property
    def spec(self) -> str:
        """The text that stands for it."""
        return f"sample:{self.rate}:{self.modality}"

    def check(self, dataset: Dataset) -> None:
        """Refuse a modality that the data set has not, or that is alone, and a rate that is too high."""
        if self.modality not in dataset.modalities:
            raise unknown(f"modality of {dataset.name}", self.modality, [*dataset.modalities, "label"])
        if len(dataset.modalities) == 1:
            raise UserError(f"missing {self.spec}: {self.modality} is the only modality, so no other can be lost.")
        super().check(dataset)

    def odds(self, dataset: Dataset, seed: int) -> Tensor:
        """UPPER for rows of the upper half, 0 for the others."""
        samples = dataset.samples
        strength = root_mean_square(samples.x[self.modality])
        strength[~samples.present[self.modality]] = torch.nan
        return (strength > strength.nanmedian()).double() * UPPER

    def of_rows(self, there: Tensor, names: Sequence[str], odds: Tensor | None, source: torch.Generator) -> Tensor:
        """Exactly that share of what rows have is lost, of the named modality nothing."""
        return draw(there, self.rate, source, odds=odds, always=list(names).index(self.modality))


def root_mean_square(values: Tensor) -> Tensor:
    """Of each row over the values that are not NaN, float64 [rows]; a few rows at a time, to need no second copy."""
    together = max(1, AT_ONCE // max(1, values[:1].numel()))
    parts = [part.flatten(1).double().square().nanmean(1).sqrt() for part in torch.split(values, together)]
    return torch.cat(parts)
