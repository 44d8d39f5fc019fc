"""A tiny frozen encoder that counts its calls, and a small data set of texts."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from counterpoint.data import Card, Dataset, Modality, Samples, Task
from counterpoint.data.features import FEATURES, FrozenEncoder, Progress
from counterpoint.data.text import spell

TEXTS = ("red cat", "blue cat", "", "red cat", "Straße 3", "dog")


class Counting:
    """Its features are the length of a text, and how many letters a are in it."""

    def __init__(self) -> None:
        self.given: list[Tensor] = []

    def __call__(self, values: Tensor, modality: Modality, progress: Progress) -> Tensor:
        self.given.append(values)
        progress(len(values), len(values))
        return torch.stack([(values > 0).sum(dim=1), (values == ord("a")).sum(dim=1)], dim=1).float()


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    """The function of the frozen encoder `tiny`, which is there as long as the test."""
    found = Counting()
    monkeypatch.setitem(FEATURES, "tiny", FrozenEncoder("text", 2, 1, "abc", found))
    return found


@pytest.fixture
def alter(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give `tiny` other attributes."""
    return lambda **changes: monkeypatch.setitem(FEATURES, "tiny", replace(FEATURES["tiny"], **changes))


@pytest.fixture
def captions() -> Callable[..., Dataset]:
    """Makes data sets of texts and numbers."""

    def make(texts: tuple[str, ...] = TEXTS, absent: tuple[int, ...] = ()) -> Dataset:
        rows = len(texts)
        there = torch.ones(rows, dtype=torch.bool)
        there[list(absent)] = False
        x = {"words": spell(texts, 16).float(), "size": torch.arange(2.0 * rows).view(rows, 2)}
        label = torch.arange(rows) % 2
        samples = Samples(x, {"words": there, "size": torch.ones(rows, dtype=torch.bool)}, label, torch.arange(rows))
        return Dataset(
            "captions",
            Task(("x", "y")),
            {"words": Modality("words", "text", (16,)), "size": Modality("size", "table", (2,))},
            samples,
            torch.zeros(rows, dtype=torch.long),
            ("all",),
            torch.zeros(rows, dtype=torch.long),
            Card("captions", "made up", "nowhere", "none", "", {}, "by row", {"words": "text, 16"}),
        )

    return make
