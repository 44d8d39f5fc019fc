"""Small populations, a tiny model and engines on them, for the tests of every package."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import hypothesis
import pytest
import torch
from torch import Tensor, nn

from counterpoint.data import Card, Modality, Population, Samples, Task, populate, sources
from counterpoint.data.holdout import hold_out
from counterpoint.data.population import ClientData
from counterpoint.engines import Engine, Sequential, Stacked
from counterpoint.exchange import Tensors
from counterpoint.methods import FedAvg, Method, TrainSettings
from counterpoint.models import LateFusion, MeanFusion, Model, ModelSettings, build_model
from counterpoint.randomness import generator

torch.set_num_threads(1)
hypothesis.settings.register_profile("here", deadline=None, max_examples=60)
hypothesis.settings.load_profile("here")

WIDTH = 4


class Tiny(nn.Module):
    """relu(W x + b) over all values of a row; counts calls and rows."""

    def __init__(self, values: int) -> None:
        super().__init__()
        self.out = nn.Linear(values, WIDTH)
        self.seen: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(len(x))
        return torch.relu(self.out(x.flatten(1)))


def tiny(modalities: Mapping[str, Modality], task: Task) -> LateFusion:
    """A late-fusion model of about 150 parameters."""
    encoders = {name: Tiny(prod(m.shape)) for name, m in sorted(modalities.items())}
    return LateFusion(encoders, MeanFusion(modalities, WIDTH), nn.Linear(WIDTH, len(task.classes)), WIDTH)


LONG = (
    "federation/test_play.py",
    "engines/test_conformance.py",
    "engines/test_measure.py",
    "demo/test_play.py",
    "runs/test_resume.py",
    "zenoh/test_chaos.py",
    "methods/test_fedaid.py",
    "experiments/test_go.py",
    "deploy/test_simulation.py",
)
"""Files that take long come first, so that no worker is left alone with them at the end. Those that mostly wait
alternate with those that compute, so that one worker computes while the other waits."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, all else in order."""

    def place(item: pytest.Item) -> int:
        return next((n for n, end in enumerate(LONG) if str(item.path).endswith(end)), len(LONG))

    items.sort(key=place)


def same_bits(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> bool:
    """Equal names, types and values; NaN equals nothing."""
    return a.keys() == b.keys() and all(a[n].dtype == b[n].dtype and torch.equal(a[n], b[n]) for n in a)


def furthest(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> float:
    """The largest absolute difference between tensors of the same names."""
    assert a.keys() == b.keys()
    return max((float((a[n].double() - b[n].double()).abs().max()) for n in a), default=0.0)


def samples(
    rows: int, modalities: Sequence[str] = ("acc", "gyro"), *, classes: int = 3, key: str = "", gaps: float = 0.0
) -> Samples:
    """Rows whose values depend on their label, drawn from the key; `gaps` is the chance that a modality is absent.

    Every row keeps one modality. Absent values are zero.
    """
    source = generator(7, "samples", key)
    label = torch.randint(classes, (rows,), generator=source)
    lucky = torch.randint(len(modalities), (rows,), generator=source)
    x, present = {}, {}
    for i, m in enumerate(modalities):
        values = torch.randn(rows, 2, 3, generator=source) + label[:, None, None] * (0.5 + i)
        present[m] = (torch.rand(rows, generator=source) >= gaps) | (lucky == i)
        x[m] = values.where(present[m][:, None, None], torch.zeros(()))
    return Samples(x, present, label, torch.arange(rows))


def population(
    sizes: Sequence[int] = (5, 9, 12),
    modalities: Sequence[str] = ("acc", "gyro"),
    *,
    missing: str = "none",
    classes: int = 3,
    test: int = 10,
) -> Population:
    """Ragged clients. `missing` is `none`, `client` (client i lacks modality i, if it exists) or `sample`."""
    gaps = 0.4 if missing == "sample" else 0.0
    members = []
    for i, rows in enumerate(sizes):
        own = [m for j, m in enumerate(modalities) if missing != "client" or i != j]
        train = samples(rows, own, classes=classes, key=f"train {i}", gaps=gaps)
        held = samples(4, own, classes=classes, key=f"test {i}", gaps=gaps)
        members.append(ClientData(i, f"client {i}", train, held))
    return Population(
        "made up",
        Task(tuple("abcdefghij"[:classes])),
        {m: Modality(m, "sequence", (2, 3)) for m in modalities},
        tuple(members),
        samples(test, modalities, classes=classes, key="global", gaps=gaps),
        Card("made up", "made up", "nowhere", "none", "", {}, "by row"),
    )


def holding(method: Method, people: Population) -> Population:
    """The population with what the method needs of proxy and labelled rows, where it has none."""
    found = {}
    if "proxy" in method.needs and people.proxy is None:
        proxy = samples(6, tuple(people.modalities), classes=len(people.task.classes), key="proxy")
        found["proxy"] = replace(proxy, label=torch.full_like(proxy.label, -1))
    if "labelled" in method.needs and people.server is None:
        found["server"] = samples(8, tuple(people.modalities), classes=len(people.task.classes), key="labelled")
    return hold_out(replace(people, **found), method.holds_out, seed=0)


def model_for(
    people: Population, *, seed: int = 0, builder: Any = tiny, buffers: Any = "average", method: Method | None = None
) -> Model:
    """The tiny model, or a builder's, or what a method makes of its encoders."""
    settings = ModelSettings(buffers=buffers)
    if method is None:
        return build_model(people.modalities, people.task, settings, seed, builder)
    network = method.network()
    own = None if network else builder
    return build_model(people.modalities, people.task, settings, seed, own, method.assembly(), network)


def engine_for(
    method: Method | None = None,
    people: Population | None = None,
    *,
    kind: type[Engine] = Sequential,
    train: TrainSettings | None = None,
    model: Model | None = None,
    start: bool = True,
    **options: Any,
) -> Engine:
    """An engine with a method on it that has started; FedAvg on ragged clients if nothing else is said."""
    method = FedAvg() if method is None else method
    people = holding(method, population() if people is None else people)
    model = model_for(people, method=method) if model is None else model
    settings = TrainSettings(epochs=2, batch_size=4, lr=0.1) if train is None else train
    if issubclass(kind, Stacked):
        options = {"stack": 64, "workers": 1} | options  # stacks even where the loop is faster
    engine = kind(people, method, model, settings, rounds=10, **options)
    if start:
        method.start(engine)
    return engine


def play_rounds(engine: Engine, rounds: int = 1) -> Tensors:
    """Go on for some rounds; the server's weights after them, or the first peer's where there is no server."""
    for number in range(engine.round + 1, engine.round + 1 + rounds):
        engine.begin(number)
        engine.method.round(engine)
    if engine.method.model_kind == "peer":
        found: Tensors = engine.memories()[str(engine.clients[0])].get("model", {})
        return found
    return engine.method.weights


@pytest.fixture(scope="session")
def watch_people() -> Callable[..., Population]:
    """Populations of the real watch data."""
    dataset = sources.load("watch")
    return lambda **options: populate(dataset, **options)


@pytest.fixture(scope="session")
def make_samples() -> Callable[..., Samples]:
    return samples


@pytest.fixture(scope="session")
def make_population() -> Callable[..., Population]:
    return population


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Model]:
    return model_for


@pytest.fixture(scope="session")
def make_engine() -> Callable[..., Engine]:
    return engine_for


@pytest.fixture(scope="session")
def play() -> Callable[..., Tensors]:
    return play_rounds


@pytest.fixture(scope="session")
def same() -> Callable[..., bool]:
    return same_bits


@pytest.fixture(scope="session")
def apart() -> Callable[..., float]:
    return furthest
