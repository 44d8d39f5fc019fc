"""The two bounds that federation is measured against: each alone, and all data in one place."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn import functional

from counterpoint.data.samples import concatenate
from counterpoint.engines import Engine
from counterpoint.methods import METHODS, FedAvg, TrainSettings

Make = Callable[..., Any]
Local, Centralized = METHODS["local"], METHODS["centralized"]


def test_locally_no_tensor_of_a_model_travels(make_engine: Make, play: Make, same: Make):
    engine: Engine = make_engine(Local())
    weights = play(engine, 2)
    assert same(weights, engine.model.initial), "the server learns nothing"
    assert {block for _, _, block in engine.log.traffic} == {"envelope", "samples"}
    assert all(engine.log.traffic["up", c, "samples"] == 8 for c in engine.clients)


def test_locally_models_differ_and_stay(make_engine: Make, make_population: Make, play: Make, same: Make):
    engine: Engine = make_engine(Local(), make_population(missing="client"))
    play(engine)
    first = {c: dict(m["model"]) for c, m in engine.memories().items()}
    assert not torch.equal(first["0"]["head.weight"], first["1"]["head.weight"])
    assert "encoder.acc.out.weight" not in first["0"] and "encoder.gyro.out.weight" in first["0"]
    answers = engine.ask(engine.clients, engine.method.score_after, engine.method.offer())
    assert set(answers) == {0, 1, 2}
    assert all(same(first[c], m["model"]) for c, m in engine.memories().items())
    engine.begin(2)
    engine.visit([1], engine.method.local, engine.method.offer())
    assert same(engine.memories()["0"]["model"], first["0"]), "who is not visited stays"
    assert not same(engine.memories()["1"]["model"], first["1"])


def test_locally_a_client_goes_on_from_where_it_was(make_engine: Make, make_population: Make, play: Make, apart: Make):
    people = make_population([9])
    train = TrainSettings(epochs=1, batch_size=100, lr=0.1)
    local: Engine = make_engine(Local(), people, train=train)
    play(local, 3)
    # one client: its own model is the average of everyone's
    federated = play(make_engine(FedAvg(), people, train=train), 3)
    assert apart(local.memories()["0"]["model"], federated) < 1e-6


@pytest.mark.parametrize("missing", ["none", "client", "sample"])
def test_centralized_is_one_long_training_on_the_pool(
    make_engine: Make, make_population: Make, play: Make, apart: Make, missing: str
):
    people = make_population([5, 9, 12], missing=missing)
    train = TrainSettings(epochs=2, batch_size=1000, lr=0.1, momentum=0.9)
    engine: Engine = make_engine(Centralized(), people, train=train)
    found = play(engine, 3)

    pool = concatenate([c.train for c in people.clients], dict.fromkeys(people.modalities, (2, 3)))
    assert len(pool) == 26 and int(pool.present["acc"].sum()) == sum(
        int(c.train.present["acc"].sum()) for c in people.clients if "acc" in c.modalities
    )
    mine = {n: v.clone().requires_grad_() for n, v in engine.model.initial.items()}
    optimizer = torch.optim.SGD(mine.values(), lr=0.1, momentum=0.9)
    for _ in range(3 * 2):
        batch = pool.batch(torch.arange(26))
        optimizer.zero_grad()
        functional.cross_entropy(engine.model(mine, batch), batch.label).backward()
        optimizer.step()
    assert apart(found, {n: v.detach() for n, v in mine.items()}) < 1e-5
    assert engine.log.traffic == {}


def test_centralized_equals_one_client_that_holds_everything(
    make_engine: Make, make_population: Make, play: Make, apart: Make
):
    people, train = make_population([26]), TrainSettings(epochs=2, batch_size=26, lr=0.1)
    one = play(make_engine(FedAvg(), people, train=train), 2)
    assert apart(play(make_engine(Centralized(), people, train=train), 2), one) < 1e-6
