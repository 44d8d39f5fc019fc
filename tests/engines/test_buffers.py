"""Running statistics in a federation, by each rule."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from counterpoint.data import Modality, Task
from counterpoint.data.samples import Batch
from counterpoint.engines import Engine
from counterpoint.exchange import Tensors
from counterpoint.methods import METHODS, FedAvg, TrainSettings

Make = Callable[..., Any]
STATISTICS = ("norm.running_mean", "norm.running_var", "norm.num_batches_tracked")


class Normed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm, self.head = nn.BatchNorm1d(6), nn.Linear(6, 3)

    def forward(self, batch: Batch) -> Tensor:
        return self.head(self.norm(batch.x["acc"].flatten(1)))


def builder(modalities: Mapping[str, Modality], task: Task) -> nn.Module:
    return Normed()


@pytest.fixture
def start(make_engine: Make, make_population: Make, make_model: Make) -> Callable[..., Engine]:
    def make(rule: str, name: str = "fedavg") -> Engine:
        people = make_population([8, 12, 16], ["acc"])
        model = make_model(people, builder=builder, buffers=rule)
        train = TrainSettings(epochs=1, batch_size=4, lr=0.05)
        return make_engine(METHODS[name](), people, model=model, train=train)

    return make


def after_visit(engine: Engine) -> dict[int, dict[str, Tensor]]:
    engine.begin(1)
    return {u.client: u.weights for u in engine.visit([0, 1, 2], engine.method.local, engine.method.offer())}


def test_average(start: Callable[..., Engine], play: Make):
    sent = after_visit(start("average"))
    assert [int(sent[c]["norm.num_batches_tracked"]) for c in sent] == [2, 3, 4]
    weights = play(start("average"))
    assert int(weights["norm.num_batches_tracked"]) == 4 and weights["norm.num_batches_tracked"].dtype == torch.int64
    for name in STATISTICS[:2]:
        mean = sum(n * sent[c][name].double() for n, c in zip((8, 12, 16), sent, strict=True)) / 36
        assert torch.allclose(weights[name].double(), mean, atol=1e-6)
    assert float(weights["norm.running_mean"].abs().max()) > 0.01


def test_local(start: Callable[..., Engine], play: Make):
    engine = start("local")
    weights = play(engine, 2)
    assert float(weights["norm.running_mean"].abs().max()) == 0, "the server has none that mean anything"
    assert all(not set(STATISTICS) & set(u) for u in after_visit(start("local")).values())
    kept = {c: m["model"] for c, m in engine.memories().items()}
    assert all(set(m) == set(STATISTICS) for m in kept.values())
    assert [int(kept[c]["norm.num_batches_tracked"]) for c in "012"] == [2 * 2, 2 * 3, 2 * 4]
    assert not torch.allclose(kept["0"]["norm.running_mean"], kept["1"]["norm.running_mean"])
    down = sum(n for (way, c, b), n in engine.log.traffic.items() if (way, c, b) == ("down", 0, "norm"))
    assert down == 2 * 6 * 4, "scale and shift travel, statistics do not"


def test_local_statistics_are_used_when_a_client_is_scored(start: Callable[..., Engine], play: Make):
    engine = start("local")
    play(engine)
    answer = engine.ask([0], engine.method.score_before, engine.method.offer())[0].sums
    mine = {**engine.method.weights, **engine.memories()["0"]["model"]}
    test = engine.population.clients[0].test
    logits = engine.model(mine, test.batch(torch.arange(len(test))), train=False)
    expected = torch.nn.functional.cross_entropy(logits, test.label, reduction="sum")
    assert float(answer["observed/loss"]) == pytest.approx(float(expected), rel=1e-5)


def test_server(start: Callable[..., Engine], play: Make):
    engine = start("server")
    weights = play(engine, 2)
    assert float(weights["norm.running_mean"].abs().max()) == 0 and int(weights["norm.num_batches_tracked"]) == 0
    assert engine.memories() == {}
    assert all(not set(STATISTICS) & set(u) for u in after_visit(start("server")).values())
    sent = {(way, b): n for (way, c, b), n in engine.log.traffic.items() if c == 0}
    assert (sent["down", "norm"], sent["up", "norm"]) == (4 * 6 * 4 + 8, 2 * 6 * 4)


def test_under_the_servers_rule_layers_with_buffers_only_scale(start: Callable[..., Engine], apart: Make, play: Make):
    """With statistics fixed at mean 0 and variance 1 the layer is x * w / sqrt(1 + eps) + b in training too."""
    engine = start("server")
    batch = engine.population.clients[0].train.batch(torch.arange(4))
    expected = torch.nn.functional.linear(
        batch.x["acc"].flatten(1) / (1 + 1e-5) ** 0.5,
        engine.model.initial["head.weight"],
        engine.model.initial["head.bias"],
    )
    for train in (True, False, True):
        assert torch.allclose(engine.model(engine.model.initial, batch, train=train), expected, atol=1e-6)


@pytest.mark.parametrize("rule", ["average", "local", "server"])
@pytest.mark.parametrize("name", ["fedprox", "scaffold", "fedadam", "local"])
def test_every_rule_goes_with_every_method(start: Callable[..., Engine], play: Make, same: Make, rule: str, name: str):
    first, second = start(rule, name), start(rule, name)
    weights = play(first, 2)
    assert same(weights, play(second, 2))
    assert not first.log.refused
    assert all(bool(torch.isfinite(v).all()) for v in weights.values())


class Careless(FedAvg):
    """Its loss asks the received model without saying that it does not train."""

    def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        teacher = self.model(using["received"], batch)
        return super().loss(params, batch, using) + (self.model(params, batch) - teacher).square().mean(1)


@pytest.mark.parametrize("rule", ["average", "local"])
def test_a_careless_teacher_changes_nobody_elses_statistics(
    make_engine: Make, make_population: Make, make_model: Make, same: Make, rule: str
):
    people = make_population([8, 12, 16], ["acc"])
    engine: Engine = make_engine(Careless(), people, model=make_model(people, builder=builder, buffers=rule))
    held = {n: v.clone() for n, v in engine.model.initial.items()}
    engine.begin(1)
    engine.ask([0, 1], engine.method.score_after, engine.method.offer())
    engine.visit([0, 1], engine.method.local, engine.method.offer())
    assert same(engine.method.weights, held) and same(engine.model.initial, held)
