"""The real watch data, the model a run gets by default, a few rounds."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from counterpoint.data import Population, Samples
from counterpoint.engines import ENGINES, Engine
from counterpoint.evaluate import Tally
from counterpoint.exchange.layout import Layout
from counterpoint.methods import METHODS, TrainSettings
from counterpoint.models import ModelSettings, build_model

Make = Callable[..., Any]


def default_engine(make_engine: Make, name: str, people: Population) -> Engine:
    model = build_model(people.modalities, people.task, ModelSettings(), 0)
    return make_engine(METHODS[name](), people, model=model, train=TrainSettings(epochs=1, batch_size=16, lr=0.1))


def scores(engine: Engine, pattern: str = "observed") -> dict[str, float]:
    sums = engine.method.tally(engine.server, engine.method.weights, "global_test")
    return Tally(sums[f"{pattern}/confusion"].reshape(7, 7), sums[f"{pattern}/loss"]).scores()


def with_nan(samples: Samples) -> Samples:
    nan = torch.tensor(float("nan"))
    return replace(samples, x={m: torch.where(samples.present[m].view(-1, 1, 1), v, nan) for m, v in samples.x.items()})


def test_federated_averaging_learns(make_engine: Make, watch_people: Make, play: Make):
    engine = default_engine(make_engine, "fedavg", watch_people())
    before = scores(engine)
    play(engine, 6)
    after = scores(engine)
    assert before["samples"] == after["samples"] == 1145
    assert after["loss"] < 0.8 * before["loss"]
    assert after["accuracy"] > 0.35 > before["accuracy"], "chance is 1/7"


def doubled(samples: Samples) -> Samples:
    return replace(samples, x={m: v.double() for m, v in samples.x.items()})


def doubled_engine(make_engine: Make, kind: type[Engine], people: Population) -> Engine:
    model = build_model(people.modalities, people.task, ModelSettings(), 0)
    model.initial = {n: v.double() for n, v in model.initial.items()}
    model.layout = Layout({n: replace(spec, dtype=torch.float64) for n, spec in model.layout.specs.items()})
    return make_engine(METHODS["fedavg"](), people, kind=kind, model=model, train=TrainSettings(lr=0.1))


@pytest.mark.slow
def test_engines_agree_over_rounds_in_double_precision(
    make_engine: Make, watch_people: Make, play: Make, apart: Make
) -> None:
    """In single precision training amplifies last bits a hundredfold a round, so that no bound over rounds holds."""
    people: Population = watch_people()
    members = tuple(replace(c, train=doubled(c.train), test=doubled(c.test)) for c in people.clients)
    people = replace(people, clients=members, test=doubled(people.test))
    first, *others = (play(doubled_engine(make_engine, kind, people), 3) for kind in ENGINES.values())
    assert all(v.dtype == torch.float64 for v in first.values())
    assert all(apart(first, other) < 1e-13 for other in others)


def test_masked_values_influence_no_bit_of_a_real_round(make_engine: Make, watch_people: Make, play: Make, same: Make):
    people: Population = watch_people(missing="sample:0.4")
    assert people.test.patterns().keys() == {"acc", "gyro", "acc+gyro"}
    members = tuple(replace(c, train=with_nan(c.train), test=with_nan(c.test)) for c in people.clients)
    poisoned = replace(people, clients=members, test=with_nan(people.test))
    engines = [default_engine(make_engine, "fedavg", each) for each in (people, poisoned)]
    assert same(*(play(engine) for engine in engines))
    assert all(scores(engines[0], p) == scores(engines[1], p) for p in ("observed", "acc", "gyro", "acc+gyro"))
    asked = [e.ask([0, 3], e.method.score_before, e.method.offer()) for e in engines]
    assert all(same(asked[0][c].sums, asked[1][c].sums) for c in (0, 3))


def test_clients_without_a_modality_pay_nothing_for_it(make_engine: Make, watch_people: Make, play: Make):
    people: Population = watch_people(missing="client:0.4")
    engine = default_engine(make_engine, "scaffold", people)
    play(engine)
    for client in people.clients:
        blocks = {b for _, c, b in engine.log.traffic if c == client.id and b.startswith("encoder")}
        assert blocks == {f"encoder.{m}" for m in client.modalities}
    assert {len(client.modalities) for client in people.clients} == {1, 2}
