"""What keeps the two sides of a method apart, and mistakes of a method's author."""

from collections.abc import Callable

import pytest
import torch

from counterpoint.engines import Engine
from counterpoint.engines.handle import OneClient
from counterpoint.errors import CounterpointError, UserError
from counterpoint.exchange import Weights
from counterpoint.methods import Client, FedAvg


class Hoards(FedAvg):
    """Stores on the method what belongs into client memory."""

    def local(self, client: Client, received: Weights) -> Weights:
        self.seen = client.sizes
        return super().local(client, received)


def test_a_local_program_cannot_store_on_the_method(make_engine: Callable[..., Engine], play: Callable) -> None:
    with pytest.raises(CounterpointError, match=r"stored 'seen' on the method: use client\.memory"):
        play(make_engine(Hoards()))


def test_an_unknown_split_gets_the_nearest_name(make_client: Callable[..., OneClient]) -> None:
    with pytest.raises(UserError, match="unknown split 'tarin': did you mean 'train'"):
        make_client().fold(lambda params, batch, using: batch.label, {}, over="tarin")


def test_an_unknown_client_is_told(make_engine: Callable[..., Engine]) -> None:
    engine = make_engine()
    engine.begin(1)
    with pytest.raises(CounterpointError, match="there is no client 99"):
        engine.visit([0, 99], engine.method.local, engine.method.offer())
    with pytest.raises(CounterpointError, match="there is no client 1, or no package for it"):
        engine.visit([0, 1], engine.method.local, {0: engine.method.offer()})


def test_packages_are_delivered_one_at_a_time(
    make_engine: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more than one client's model is decoded before the one before it has answered."""
    engine = make_engine()
    events: list[str] = []
    deliver, collect = engine._deliver, engine._collect
    monkeypatch.setattr(engine, "_deliver", lambda c, p: events.append(f"down {c}") or deliver(c, p))
    monkeypatch.setattr(engine, "_collect", lambda c, r: events.append(f"up {c}") or collect(c, r))
    engine.begin(1)
    engine.method.round(engine)
    assert events == [f"{way} {c}" for c in engine.clients for way in ("down", "up")]


def test_steps_follow_the_blocks_that_the_client_has(make_client: Callable[..., OneClient]) -> None:
    """A client without `gyro` does not take the steps that are meant for its encoder."""
    client = make_client(modalities=("acc",))
    params = client.load({})
    counted: list[int] = []

    def loss(tensors: dict, batch: object, using: object) -> torch.Tensor:
        counted.append(1)
        return sum(v.square().sum() for v in tensors.values() if v.is_floating_point())

    client.train(params, loss, steps={"encoder.gyro": 50, "head": 2})
    assert len(counted) == 2
