"""Missing from samples, depending on their label."""

from dataclasses import dataclass

import torch
from torch import Tensor

from counterpoint.data.missing.sample import SampleRate
from counterpoint.data.population import Dataset
from counterpoint.randomness import generator


@dataclass(frozen=True)
class SampleByLabel(SampleRate):
    """`sample:RATE:label`: how easily a row loses modalities depends on its class (missing not at random).

    Every class has log-odds of its own, the same for all clients and splits. They are 6 / (C + 1) * (0, 1, ..., C - 1)
    for C classes, and the seed draws which class has which: two classes differ by 2 on average, that is, by a factor
    of e^2 in their odds, under every seed. With them exactly `rate` of all pairs is lost, see `exact.draw`.
    """

    @property
    def spec(self) -> str:
        """The text that stands for it."""
        return f"sample:{self.rate}:label"

    def odds(self, dataset: Dataset, seed: int) -> Tensor:
        """Of each row that of its class."""
        return propensities(len(dataset.task.classes), seed)[dataset.samples.label]

    def told(self, dataset: Dataset, seed: int) -> dict[str, object]:
        """The log-odds of each class."""
        found = propensities(len(dataset.task.classes), seed).tolist()
        classes = zip(dataset.task.classes, found, strict=True)
        return {"log-odds by class": {name: round(value, 4) for name, value in classes}}


def propensities(classes: int, seed: int) -> Tensor:
    """Log-odds of each class, float64 [classes]."""
    rank = torch.randperm(classes, generator=generator(seed, "missing", "propensities"))
    return rank.double() * (6 / (classes + 1))
