"""The real watch data, small made-up data sets, and caches of a test's own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from counterpoint.data import Card, Dataset, Modality, Samples, Side, Task, sources
from counterpoint.data.fetch import download_path, fetch
from counterpoint.data.sources import watch as watch_source


@pytest.fixture(scope="session")
def watch() -> Dataset:
    return sources.load("watch")


@pytest.fixture(scope="session")
def wheel() -> Path:
    """The pinned wheel in the user's real cache."""
    return fetch(watch_source.PIN)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of this test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("COUNTERPOINT_CACHE", str(folder))
    return folder


@pytest.fixture
def filled_cache(wheel: Path, cache: Path) -> Path:
    """A cache of this test's own that holds the pinned wheel."""
    path = download_path(watch_source.PIN.filename)
    path.parent.mkdir(parents=True)
    shutil.copy(wheel, path)
    return cache


@pytest.fixture
def toy() -> Callable[..., Dataset]:
    """Makes small data sets: per owner `train` and `test` rows of every class, and `held` rows held out."""

    def make(
        *, owners: int = 4, classes: int = 3, modalities: int = 3, train: int = 10, test: int = 5, held: int = 4
    ) -> Dataset:
        side, owner, label = [], [], []
        for o in range(owners):
            for c in range(classes):
                side += [Side.TRAIN] * train + [Side.CLIENT_TEST] * test + [Side.GLOBAL_TEST] * held
                owner += [o] * (train + test + held)
                label += [c] * (train + test + held)
        rows = len(side)
        values = torch.arange(1.0, rows + 1)
        names = [f"m{i}" for i in range(modalities)]
        samples = Samples(
            {m: values[:, None].repeat(1, 2) + 1000 * i for i, m in enumerate(names)},
            {m: torch.ones(rows, dtype=torch.bool) for m in names},
            torch.tensor(label),
            torch.arange(rows),
        )
        return Dataset(
            "toy",
            Task(tuple("abcdefghij"[:classes])),
            {m: Modality(m, "table", (2,)) for m in names},
            samples,
            torch.tensor(owner),
            tuple(f"owner {o}" for o in range(owners)),
            torch.tensor([int(s) for s in side]),
            Card("toy", "made up", "nowhere", "none", "", {}, "by row"),
        )

    return make
