"""The handle of one client without an engine around it, and a local program on two engines side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from counterpoint.data import Population, Samples
from counterpoint.engines import Engine, Sequential, Stacked
from counterpoint.engines.handle import OneClient
from counterpoint.engines.memory import ClientMemory
from counterpoint.exchange import Package, Tensors, named
from counterpoint.methods import METHODS, Client, FedAvg, Method, TrainSettings
from counterpoint.methods.aligning import Aligning
from counterpoint.models import Model


def calm_method(name: str) -> Method:
    """A method that makes no steps of rounding: plain SGD in place of AdamW, where it has the choice; one layer deep.

    AdamW makes whole steps of what rounding leaves of gradients that are all but zero; there engines agree in double
    precision only (tests/methods/test_fedaid.py).
    """
    kind = METHODS[name]
    return kind(optimizer="sgd", depth=1) if issubclass(kind, Aligning) else kind()


@pytest.fixture(scope="session")
def calm() -> Callable[[str], Method]:
    return calm_method


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


@dataclass(frozen=True)
class Note(Package):
    """What local programs of tests answer with."""

    values: Tensors = named()


class Answering(FedAvg):
    """A method whose local program is a function of a test."""

    program: ClassVar[Callable[..., Tensors]]

    def answer(self, client: Client, received: Package) -> Note:
        return Note(type(self).program(self, client, received))


class Pair:
    """The same local program on the sequential and on the stacked engine."""

    def __init__(self, make: Callable[[type[Engine]], Engine]) -> None:
        self.reference, self.stacked = make(Sequential), make(Stacked)
        assert not self.stacked.model.unstackable

    def visit(
        self, clients: Sequence[int] | None = None, package: Any = None, *, atol: float = 1e-6
    ) -> dict[int, Tensors]:
        """One visit on both, in a round of its own; what the stacked engine answers, if it is what it should be."""
        found: list[dict[int, Tensors]] = []
        for engine in (self.reference, self.stacked):
            engine.begin(engine.round + 1)
            uploads = engine.visit(
                engine.clients if clients is None else clients,
                engine.method.answer,
                Note() if package is None else package,
            )
            found.append({u.client: u.values for u in uploads})
        expected, answers = found
        assert list(answers) == list(expected)
        for client in expected:
            close(answers[client], expected[client], atol, f"client {client}")
        assert self.stacked.log.traffic == self.reference.log.traffic and not self.stacked.log.refused
        for holder, values in self.reference.memories().items():
            close(self.stacked.memories()[holder], values, atol, f"memory of {holder}")
        return answers


def close(found: Any, expected: Any, atol: float, what: str) -> None:
    """Equal names, shapes, types and, within a tolerance, values; what is only there as zeros may be left out."""
    if isinstance(expected, Tensor):
        assert found.shape == expected.shape and found.dtype == expected.dtype, what
        assert torch.allclose(found.double(), expected.double(), rtol=atol, atol=atol), what
        return
    for name in expected.keys() | found.keys():
        if name in expected:
            close(found[name], expected[name], atol, f"{what}, {name}")
        else:
            assert zeros(found[name]), f"{what}, {name}"


def zeros(value: Any) -> bool:
    return all(map(zeros, value.values())) if isinstance(value, dict) else not bool(value.any())


@pytest.fixture
def both(make_engine: Callable[..., Engine], make_population: Callable[..., Population]) -> Callable[..., Pair]:
    """The pair of engines for a program(method, client, received) -> named tensors."""

    def start(program: Callable[..., Tensors], people: Any = (5, 1, 14), **options: Any) -> Pair:
        held = people if isinstance(people, Population) else make_population(people)
        settings = {"epochs": 2, "batch_size": 4, "lr": 0.1, **options.pop("settings", {})}
        kind = type("Answers", (Answering,), {"program": staticmethod(program)})
        return Pair(lambda engine: make_engine(kind(), held, kind=engine, train=TrainSettings(**settings), **options))

    return start
