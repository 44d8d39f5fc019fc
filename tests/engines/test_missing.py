"""What a client or a sample does not have costs nothing and changes nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from counterpoint.data import Population, Samples
from counterpoint.engines import Engine
from counterpoint.exchange import Tensors
from counterpoint.methods import METHODS, FedAvg, TrainSettings
from counterpoint.models import ModelSettings, build_model

Make = Callable[..., Any]


def poisoned(samples: Samples, poison: float) -> Samples:
    x = {
        m: torch.where(samples.present[m].view(-1, 1, 1), values, torch.tensor(poison))
        for m, values in samples.x.items()
    }
    return replace(samples, x=x)


def with_poison(people: Population, poison: float) -> Population:
    members = tuple(replace(c, train=poisoned(c.train, poison), test=poisoned(c.test, poison)) for c in people.clients)
    return replace(people, clients=members, test=poisoned(people.test, poison))


def everything(engine: Engine, play: Make) -> dict[str, Tensors]:
    """Weights after two rounds, and what every scoring program says."""
    found = {"weights": play(engine, 2)}
    method = engine.method
    if method.weights:
        found["global"] = method.tally(engine.server, method.weights, "global_test")
    for program in (method.score_before, method.score_after, method.score_after_global):
        for client, answer in engine.ask(engine.clients, program, method.offer()).items():
            found[f"{program.__name__} {client}"] = answer.sums
    return found


@pytest.mark.parametrize("poison", [float("nan"), float("inf"), 1e30])
@pytest.mark.parametrize("fusion", ["mean", "concat"])
def test_masked_values_influence_no_bit(
    make_engine: Make, make_population: Make, play: Make, same: Make, poison: float, fusion: Any
):
    people = make_population(modalities=("acc", "gyro", "text"), missing="sample")
    assert not all(bool(p.all()) for c in people.clients for p in c.train.present.values())
    results = []
    for each in (people, with_poison(people, poison)):
        model = build_model(each.modalities, each.task, ModelSettings(fusion=fusion, width=8), 0)
        results.append(everything(make_engine(people=each, model=model), play))
    clean, bad = results
    assert clean.keys() == bad.keys() and len(clean) == 2 + 3 * 3
    assert all(same(clean[key], bad[key]) for key in clean)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_masked_values_influence_no_method(make_engine: Make, make_population: Make, play: Make, same: Make, name: str):
    people = make_population(missing="sample")
    clean, bad = (
        everything(make_engine(METHODS[name](), each), play) for each in (people, with_poison(people, float("nan")))
    )
    assert all(same(clean[key], bad[key]) for key in clean)


def test_a_missing_modality_travels_in_neither_direction(make_engine: Make, make_population: Make, play: Make):
    engine: Engine = make_engine(people=make_population(missing="client"))
    play(engine)
    for way in ("up", "down"):
        traffic = {(c, b) for (w, c, b) in engine.log.traffic if w == way}
        assert (0, "encoder.acc") not in traffic and (0, "encoder.gyro") in traffic
        assert (1, "encoder.acc") in traffic and (1, "encoder.gyro") not in traffic
        assert {(2, "encoder.acc"), (2, "encoder.gyro")} <= traffic
        assert engine.log.traffic[way, 0, "encoder.gyro"] == 4 * (4 * 6 + 4)


def test_a_missing_modality_has_no_parameters_and_no_computation(make_engine: Make, make_population: Make, play: Make):
    engine: Engine = make_engine(people=make_population(missing="client"))
    engine.begin(1)
    for client, lacks in ((0, "acc"), (1, "gyro")):
        seen = engine.model.module.encoder[lacks].seen
        seen.clear()
        (upload,) = engine.visit([client], engine.method.local, engine.method.offer())
        assert seen == [] and not any(f"encoder.{lacks}" in n for n in upload.weights)


def test_an_encoder_is_its_owners_alone(make_engine: Make, make_population: Make, play: Make):
    """The average of encoder.acc without client 0, which lacks it, is what all three give."""
    people = make_population(missing="client")
    owners: Engine = make_engine(people=people)
    owners.begin(1)
    uploads = owners.visit([1, 2], owners.method.local, owners.method.offer())
    sizes = [int(u.samples) for u in uploads]
    assert sizes == [9, 12]
    everyone = play(make_engine(people=people))
    for n in ("encoder.acc.out.weight", "encoder.acc.out.bias"):
        mean = sum(k * u.weights[n].double() for k, u in zip(sizes, uploads, strict=True)) / 21
        assert torch.allclose(everyone[n].double(), mean, atol=1e-7)


HEAVY = {"momentum": 0.9, "weight_decay": 0.1}


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        *((name, {}) for name in ("fedavg", "fedprox", "scaffold", "fedadam", "fedyogi", "fedadagrad")),
        *((name, HEAVY) for name in ("fedavg", "fedprox", "fedadam", "fedyogi", "fedadagrad")),
    ],
    ids=str,
)
def test_a_block_that_nobody_trained_stays_as_it_was(
    make_engine: Make, make_population: Make, play: Make, name: str, settings: dict[str, float]
):
    whole = make_population(modalities=("acc", "gyro", "text"))
    members = tuple(replace(c, train=c.train.without("text"), test=c.test.without("text")) for c in whole.clients)
    people = replace(whole, clients=members)
    engine: Engine = make_engine(
        METHODS[name](), people, train=TrainSettings(epochs=1, batch_size=4, lr=0.1, **settings)
    )
    initial = {n: v.clone() for n, v in engine.model.initial.items()}
    weights = play(engine, 3)
    assert {engine.model.layout[n].block for n in weights if torch.equal(weights[n], initial[n])} == {"encoder.text"}


def test_a_pattern_is_scored_on_the_rows_that_show_it(make_engine: Make, make_population: Make):
    people = make_population(missing="sample", test=40)
    engine: Engine = make_engine(FedAvg(), people)
    sums = engine.method.tally(engine.server, engine.method.weights, "global_test")
    acc, gyro = people.test.present["acc"], people.test.present["gyro"]
    counts = {name: float(sums[f"{name}/confusion"].sum()) for name in ("observed", "acc", "gyro", "acc+gyro")}
    assert counts == {"observed": 40, "acc": acc.sum(), "gyro": gyro.sum(), "acc+gyro": (acc & gyro).sum()}
    assert 0 < counts["acc+gyro"] < counts["acc"] < 40
    rows = people.test.rows(acc.nonzero().flatten())
    logits = engine.model(engine.method.weights, rows.only(["acc"]).batch(torch.arange(len(rows))))
    loss = torch.nn.functional.cross_entropy(logits, rows.label, reduction="sum")
    assert float(sums["acc/loss"]) == pytest.approx(float(loss), rel=1e-5)
    right = sums["acc/confusion"].reshape(3, 3).diagonal().sum()
    assert float(right) == float((logits.argmax(1) == rows.label).sum())


@pytest.mark.parametrize("name", ["fedavg", "local"])
def test_a_client_is_scored_on_the_patterns_it_can_show(make_engine: Make, make_population: Make, name: str):
    engine: Engine = make_engine(METHODS[name](), make_population(missing="client"))
    method = engine.method
    for program in (method.score_before, method.score_after, method.score_after_global):
        answers = engine.ask([0, 1, 2], program, method.offer())
        patterns = {c: {key.partition("/")[0] for key in a.sums} for c, a in answers.items()}
        both = {"acc", "gyro", "acc+gyro"}
        assert patterns == {0: {"observed", "gyro"}, 1: {"observed", "acc"}, 2: {"observed", *both}}
        rows = {float(a.sums["observed/confusion"].sum()) for a in answers.values()}
        assert rows == {10.0 if program.__name__ == "score_after_global" else 4.0}
