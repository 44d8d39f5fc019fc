"""SCAFFOLD against the paper's equations, written out one line after another."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn import functional

from counterpoint.aggregation import block_average
from counterpoint.engines import Engine
from counterpoint.errors import UserError
from counterpoint.exchange import Tensors
from counterpoint.methods import METHODS, FedAvg, Federation, TrainSettings
from counterpoint.randomness import generator

Make = Callable[..., Any]
Scaffold = METHODS["scaffold"]
LR, EPOCHS, BATCH = 0.1, 2, 4


class Uniform(FedAvg):
    """FedAvg whose clients count equally."""

    def round(self, fed: Federation) -> None:
        uploads = fed.visit(fed.sample(), self.local, self.offer())
        self.weights = block_average(self.weights, uploads, [1.0] * len(uploads))


def as_the_paper_says(engine: Engine, rounds: int, server_lr: float) -> tuple[Tensors, Tensors, list[Tensors]]:
    """Server model x, server control c, client controls c_i after some rounds, each tensor over its owners."""
    clients = engine.population.clients
    layout = engine.model.layout
    owned = [layout.owned(c.modalities) for c in clients]
    x = {n: v.clone() for n, v in engine.model.initial.items()}
    c = {n: torch.zeros_like(v) for n, v in x.items()}
    own = [{n: torch.zeros_like(x[n]) for n in names} for names in owned]
    for r in range(1, rounds + 1):
        engine.begin(r)
        chosen = engine.sample()
        ends: dict[int, Tensors] = {}
        changes: dict[int, Tensors] = {}
        for i in chosen:
            train = clients[i].train
            y = {n: x[n].clone() for n in owned[i]}
            source = generator(engine.seed, "client", i, "round", r, "visit 1", "train 1")
            taken = 0
            for _ in range(EPOCHS):
                for rows in torch.randperm(len(train), generator=source).split(BATCH):
                    batch = train.batch(rows)
                    leaves = {n: v.clone().requires_grad_() for n, v in y.items()}
                    loss = functional.cross_entropy(engine.model(leaves, batch), batch.label)
                    grads = torch.autograd.grad(loss, list(leaves.values()), materialize_grads=True)
                    for n, g in zip(leaves, grads, strict=True):
                        y[n] = y[n] - LR * (g - own[i][n] + c[n])
                    taken += 1
            plus = {n: own[i][n] - c[n] + (x[n] - y[n]) / (taken * LR) for n in y}
            ends[i] = y
            changes[i] = {n: plus[n] - own[i][n] for n in y}
            own[i] = plus
        for n, old in x.items():
            holders = [i for i in chosen if n in ends[i]]
            everyone = sum(n in names for names in owned)
            if holders:
                x[n] = old + server_lr * sum(ends[i][n] - old for i in holders) / len(holders)
                c[n] = c[n] + sum(changes[i][n] for i in holders) / everyone
    return x, c, own


@pytest.mark.parametrize("missing", ["none", "client", "sample"])
@pytest.mark.parametrize(("participation", "server_lr"), [(1.0, 1.0), (0.67, 0.5)])
def test_three_clients_for_three_rounds(
    make_engine: Make,
    make_population: Make,
    play: Make,
    apart: Make,
    missing: str,
    participation: float,
    server_lr: float,
):
    train = TrainSettings(epochs=EPOCHS, batch_size=BATCH, lr=LR)
    people = make_population([5, 9, 12], missing=missing)

    def engine() -> Engine:
        return make_engine(Scaffold(server_lr=server_lr), people, train=train, participation=participation, seed=1)

    x, c, own = as_the_paper_says(engine(), 3, server_lr)
    ran = engine()
    assert apart(play(ran, 3), x) < 1e-5
    assert apart(ran.method.control, c) < 1e-5
    memories = ran.memories()
    assert len(memories) == 3, "the three rounds reach every client"
    for i, control in enumerate(own):
        assert apart(memories[str(i)]["control"], control) < 1e-5
    assert max(float(v.abs().max()) for v in c.values()) > 0.01, "there is something to compare"


def test_the_first_round_is_uniform_fedavg(make_engine: Make, play: Make, apart: Make):
    found, expected = play(make_engine(Scaffold())), play(make_engine(Uniform()))
    assert apart(found, expected) < 1e-6
    assert apart(found, play(make_engine(FedAvg()))) > 1e-4, "not weighted by samples"


@pytest.mark.parametrize("missing", ["none", "client"])
def test_client_controls_add_up_to_the_servers(make_engine: Make, make_population: Make, play: Make, missing: str):
    engine: Engine = make_engine(Scaffold(), make_population([5, 9, 12, 7], missing=missing))
    play(engine, 3)
    controls = [memory["control"] for memory in engine.memories().values()]
    for n, c in engine.method.control.items():
        held = [control[n] for control in controls if n in control]
        assert len(held) == engine.owners(engine.model.layout[n].block)
        assert torch.allclose(sum(held), len(held) * c, atol=1e-5), n


def test_controls_travel_and_are_counted(make_engine: Make, play: Make):
    engine: Engine = make_engine(Scaffold())
    play(engine)
    plain: Engine = make_engine(FedAvg())
    play(plain)
    for way in ("up", "down"):
        assert engine.log.traffic[way, 0, "head"] == 2 * plain.log.traffic[way, 0, "head"] == 2 * 4 * (4 * 3 + 3)


@pytest.mark.parametrize("bad", [{"momentum": 0.9}, {"weight_decay": 0.1}, {"optimizer": "adam"}])
def test_other_than_plain_sgd_is_refused(bad: dict[str, Any]):
    Scaffold().check(TrainSettings())
    with pytest.raises(UserError, match="scaffold needs plain SGD"):
        Scaffold().check(TrainSettings(**bad))
