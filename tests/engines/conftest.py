"""The handle of one client, without an engine around it."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from counterpoint.data import Population, Samples
from counterpoint.engines.handle import OneClient
from counterpoint.engines.memory import ClientMemory
from counterpoint.methods import TrainSettings
from counterpoint.models import Model


@pytest.fixture
def make_client(
    make_population: Callable[..., Population],
    make_model: Callable[..., Model],
    make_samples: Callable[..., Samples],
) -> Callable[..., OneClient]:
    def make(
        rows: int | Samples = 10,
        *,
        model: Model | None = None,
        modalities: Sequence[str] = ("acc", "gyro"),
        memory: ClientMemory | None = None,
        seed: int = 0,
        key: tuple[int | str, ...] = ("client", 0, "round", 1, "visit 1"),
        **settings: Any,
    ) -> OneClient:
        train = make_samples(rows, key="one client") if isinstance(rows, int) else rows
        return OneClient(
            {"train": lambda: train, "test": lambda: make_samples(6, key="its test")},
            model=make_model(make_population()) if model is None else model,
            modalities=modalities,
            settings=TrainSettings(**({"epochs": 2, "batch_size": 4, "lr": 0.1} | settings)),
            memory=ClientMemory() if memory is None else memory,
            seed=seed,
            key=key,
        )

    return make
