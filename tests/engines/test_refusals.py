"""Uploads that must not be used: refused, counted, and the round goes on as if they had not been sent."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from counterpoint.aggregation import block_average
from counterpoint.engines import REFUSED, Engine, Sequential
from counterpoint.exchange import Tensors, Weights, encode
from counterpoint.methods import METHODS, Client, FedAvg

Make = Callable[..., Any]
BAD = 1
"""The client that misbehaves; it lacks gyro."""


def spoil(result: Weights, how: str) -> Weights:
    weights = dict(result.weights)
    name = "head.weight"
    if how == "nan":
        weights[name] = weights[name].clone().fill_(float("nan"))
    elif how == "infinity":
        weights[name] = weights[name] + float("inf")
    elif how == "shape":
        weights[name] = weights[name].T.contiguous()
    elif how == "type":
        weights[name] = weights[name].double()
    elif how == "alien":
        weights["head.extra"] = torch.ones(1)
    elif how == "foreign block":
        weights |= {"encoder.gyro.out.weight": torch.ones(4, 6), "encoder.gyro.out.bias": torch.ones(4)}
    elif how == "part":
        del weights[name]
    elif how == "no count":
        return Weights(weights)
    elif how == "negative count":
        return Weights(weights, torch.tensor(-5))
    elif how == "many counts":
        return Weights(weights, torch.tensor([5, 5]))
    return Weights(weights, result.samples)


class Spoiling(FedAvg):
    """Client BAD owns one modality only; by that its program knows itself."""

    how: str = "nan"
    all: bool = False

    def local(self, client: Client, received: Weights) -> Weights:
        result = super().local(client, received)
        guilty = self.all or "encoder.gyro.out.weight" not in received.weights
        return spoil(result, self.how) if guilty else result


class Damaging(Sequential):
    """Bytes of client BAD are damaged on the wire."""

    damage: Callable[[bytes], bytes]

    def _received(self, client: int, data: bytes) -> bytes:
        return type(self).damage(data) if client == BAD else data


@pytest.fixture
def people(make_population: Make) -> Any:
    whole = make_population([5, 9, 12])
    lacking = make_population([5, 9, 12], missing="client")
    members = (whole.clients[0], lacking.clients[BAD], whole.clients[2])
    return type(whole)(whole.name, whole.task, whole.modalities, members, whole.test, whole.card)


@pytest.fixture
def without(make_engine: Make, people: Any) -> Tensors:
    """The round as if BAD had not been asked."""
    engine: Engine = make_engine(people=people)
    engine.begin(1)
    return block_average(engine.method.weights, engine.visit([0, 2], engine.method.local, engine.method.offer()))


REASONS = {
    "nan": "'head.weight' holds NaN",
    "infinity": "'head.weight' holds NaN or infinity",
    "shape": "'head.weight' has shape (4, 3) instead of (3, 4)",
    "type": "'head.weight' has type torch.float64",
    "alien": "'head.extra', which the model does not have",
    "foreign block": "of a modality that the client does not own",
    "part": "only a part of block 'head'",
    "no count": "does not say how many samples",
    "negative count": "'samples' is not one whole number",
    "many counts": "'samples' is not one whole number",
}


@pytest.mark.parametrize("how", REASONS)
def test_a_bad_upload_is_refused_and_the_rest_is_averaged(
    make_engine: Make, play: Make, same: Make, people: Any, without: Tensors, how: str
):
    engine: Engine = make_engine(Spoiling(how=how), people)
    assert same(play(engine), without)
    ((client, reason),) = engine.log.refused
    assert client == BAD and REASONS[how] in reason
    up = {block: n for (way, c, block), n in engine.log.traffic.items() if (way, c) == ("up", BAD)}
    assert set(up) == {REFUSED} and up[REFUSED] > 100, "its bytes count, under no block"
    assert ("up", 0, "head") in engine.log.traffic and ("up", 0, REFUSED) not in engine.log.traffic


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: b"",
        lambda data: data[:8] + b"\x00" + data[9:],
        lambda data: b"\xff" * 8 + data[8:],
        lambda data: data + bytes(65 * 2**20),
        lambda data: encode(Weights()),
    ],
    ids=["cut", "empty", "header", "huge header", "too large", "other content"],
)
def test_bytes_damaged_on_the_wire(
    make_engine: Make, play: Make, same: Make, people: Any, without: Tensors, damage: Callable[[bytes], bytes]
):
    kind = type("Damaged", (Damaging,), {"damage": staticmethod(damage)})
    engine: Engine = make_engine(people=people, kind=kind)
    assert same(play(engine), without)
    assert [client for client, _ in engine.log.refused] == [BAD]
    assert engine.log.traffic["up", BAD, REFUSED] == len(damage(b"x" * sent_by_bad(make_engine, people)))


def sent_by_bad(make_engine: Make, people: Any) -> int:
    engine: Engine = make_engine(people=people)
    engine.begin(1)
    engine.visit([BAD], engine.method.local, engine.method.offer())
    return sum(n for (way, _, _), n in engine.log.traffic.items() if way == "up")


@pytest.mark.parametrize("name", ["fedavg", "scaffold", "fedadam", "fedyogi", "fedadagrad"])
def test_when_all_are_refused_nothing_changes(make_engine: Make, play: Make, same: Make, name: str):
    class Silenced(Sequential):
        def _received(self, client: int, data: bytes) -> bytes:
            return data[:10]

    engine: Engine = make_engine(METHODS[name](), kind=Silenced)
    before = {n: v.clone() for n, v in engine.method.weights.items()}
    assert same(play(engine), before)
    assert [client for client, _ in engine.log.refused] == [0, 1, 2]
    engine.begin(2)
    assert engine.log.refused == []


def test_a_method_that_sends_nan_from_everyone(make_engine: Make, play: Make, same: Make):
    engine: Engine = make_engine(Spoiling(all=True))
    before = {n: v.clone() for n, v in engine.method.weights.items()}
    assert same(play(engine, 2), before) and len(engine.log.refused) == 3
