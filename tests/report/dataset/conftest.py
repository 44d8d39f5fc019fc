"""A made-up data set that has every kind of modality."""

import math
from collections.abc import Callable

import pytest
import torch

from counterpoint.data import Card, Dataset, Modality, Samples, Side, Task, populate
from counterpoint.data.text import spell
from counterpoint.randomness import generator
from counterpoint.report import write_dataset_page

CLASSES = ("low", "middle", "high")
EACH = 16
"""Rows of a class: two thirds for training, a quarter of the rest for clients' tests."""

SENSES = {
    "acc": Modality("acc", "sequence", (3, 40), "g", 20.0),
    "image": Modality("image", "image", (3, 6, 8)),
    "labs": Modality("labs", "table", (4,), columns=("ph", "<b>urea</b>", "age", "never")),
    "speech": Modality("speech", "audio", (800,), rate=2000.0),
    "words": Modality("words", "text", (24,)),
}


def values(classes: int, words: str) -> dict[str, torch.Tensor]:
    source = generator(3, "page")
    rows = EACH * classes
    label = torch.arange(rows) % classes
    time = torch.arange(800) / 2000
    labs = torch.randn(rows, 4, generator=source)
    labs[::3, 1] = torch.nan
    labs[:, 3] = torch.nan
    tone = torch.sin(2 * math.pi * (250 + 125 * label[:, None]) * time)
    return {
        "acc": torch.randn(rows, 3, 40, generator=source) + label[:, None, None],
        "image": torch.rand(rows, 3, 6, 8, generator=source),
        "labs": labs,
        "speech": 0.5 * tone,
        "words": spell([f"{words} {row}" for row in range(rows)], 24).float(),
    }


@pytest.fixture(scope="session")
def dataset() -> Callable[..., Dataset]:
    """Makes data sets."""

    def make(
        *modalities: str,
        classes: tuple[str, ...] = CLASSES,
        owner: str = "owner",
        words: str = "text",
        absent: str = "",
        owners: int = 3,
    ) -> Dataset:
        rows = EACH * len(classes)
        x = {m: v for m, v in values(len(classes), words).items() if m in (modalities or SENSES)}
        present = {m: torch.ones(rows, dtype=torch.bool) for m in x}
        if absent:
            present[absent][::2] = False
            x[absent][::2] = torch.nan
        order = torch.arange(rows) // len(classes)
        side = torch.full((rows,), int(Side.TRAIN))
        side[order % 4 == 3] = int(Side.CLIENT_TEST)
        side[order % 8 == 1] = int(Side.GLOBAL_TEST)
        return Dataset(
            "made-up",
            Task(classes),
            {m: SENSES[m] for m in x},
            Samples(x, present, torch.arange(rows) % len(classes), torch.arange(rows) // 2),
            torch.arange(rows) % owners if owners < 3 else order % owners,
            tuple(f"{owner} {n}" for n in range(owners)),
            side,
            Card("made-up", "A made-up data set", "nowhere", "none", "ab", {"rows": rows}, "by row", traps=("none",)),
        )

    return make


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Writes the page of a data set, and returns what is in it."""

    def make(dataset: Dataset, **options: object) -> str:
        asked = {"partition": "dirichlet:1.0", "clients": 2, **options}
        people = populate(dataset, **asked, seed=1)
        path = write_dataset_page(tmp_path_factory.mktemp("page") / "page.html", dataset, people, options=asked, seed=1)
        return path.read_text(encoding="utf-8")

    return make


@pytest.fixture(scope="session")
def whole(dataset: Callable[..., Dataset], page: Callable[..., str]) -> str:
    """A page with everything on it."""
    return page(dataset(), missing="client:0.3")
