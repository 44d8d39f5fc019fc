"""Gradient tracking against its equations, and what it is for."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn import functional

from counterpoint.engines import ENGINES, Engine
from counterpoint.errors import UserError
from counterpoint.exchange import Tensors
from counterpoint.methods import METHODS, TrainSettings
from counterpoint.randomness import generator
from counterpoint.simulate.network import NetworkSettings

Make = Callable[..., Any]
Tracking = METHODS["gradient-tracking"]
LR, EPOCHS, BATCH = 0.1, 2, 4
STAR = torch.tensor([[1 / 3, 1 / 3, 1 / 3], [1 / 3, 2 / 3, 0], [1 / 3, 0, 2 / 3]])
everywhere = pytest.mark.parametrize("engine", sorted(ENGINES))


def memory(engine: Engine, what: str) -> list[Tensors]:
    found = engine.memories()
    return [found[str(c)][what] for c in engine.clients]


@everywhere
def test_three_peers_for_three_rounds(make_engine: Make, play: Make, apart: Make, engine: str):
    made = make_engine(Tracking(), kind=ENGINES[engine], network=NetworkSettings(topology="star"))
    play(made, 3)
    clients = made.population.clients
    w = [dict(made.model.initial) for _ in clients]
    c = [{n: torch.zeros_like(v) for n, v in made.model.initial.items()} for _ in clients]
    for r in range(1, 4):
        ends, directions = [], []
        for i, client in enumerate(clients):
            source = generator(made.seed, "client", i, "round", r, "visit 1", "train 1")
            y, taken = w[i], 0
            for _ in range(EPOCHS):
                for rows in torch.randperm(len(client.train), generator=source).split(BATCH):
                    batch = client.train.batch(rows)
                    leaves = {n: v.clone().requires_grad_() for n, v in y.items()}
                    loss = functional.cross_entropy(made.model(leaves, batch), batch.label)
                    grads = dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))
                    y = {n: v - LR * (grads[n] + c[i][n]) for n, v in y.items()}
                    taken += 1
            ends.append(y)
            directions.append({n: (w[i][n] - y[n]) / (taken * LR) for n in y})
        mixed = [{n: sum(p * z[n] for p, z in zip(row, directions, strict=True)) for n in w[0]} for row in STAR]
        w = [{n: sum(p * y[n] for p, y in zip(row, ends, strict=True)) for n in w[0]} for row in STAR]
        c = [{n: c[i][n] - directions[i][n] + mixed[i][n] for n in c[i]} for i in range(3)]
    for found, expected in zip(memory(made, "model"), w, strict=True):
        assert apart(found, expected) < 1e-5
    for found, expected in zip(memory(made, "correction"), c, strict=True):
        assert apart(found, expected) < 1e-4
    for name in c[0]:
        assert torch.allclose(sum(own[name].double() for own in c), torch.zeros(()).double(), atol=1e-4)


def test_it_goes_where_different_data_pull_apart(make_engine: Make, make_population: Make, play: Make):
    """With many local steps on unlike data, D-PSGD ends beside the common minimum and tracking does not."""
    gaps = {}
    for name in ("d-psgd", "gradient-tracking"):
        made = make_engine(
            METHODS[name](steps=10),
            make_population([6, 6, 6]),
            network=NetworkSettings(topology="complete"),
            train=TrainSettings(epochs=1, batch_size=6, lr=0.05),
        )
        made.rounds = 150
        play(made, 150)
        model = memory(made, "model")[0]
        leaves = {n: v.clone().requires_grad_() for n, v in model.items()}
        batches = [client.train.batch(torch.arange(6)) for client in made.population.clients]
        loss = torch.stack([functional.cross_entropy(made.model(leaves, b), b.label) for b in batches]).mean()
        grads = torch.autograd.grad(loss, list(leaves.values()))
        gaps[name] = float(torch.stack([g.square().sum() for g in grads]).sum().sqrt())
    assert gaps["gradient-tracking"] < 0.5 * gaps["d-psgd"], gaps


@pytest.mark.parametrize("settings", [{"optimizer": "adam"}, {"momentum": 0.9}, {"weight_decay": 0.1}])
def test_other_optimisers_are_refused(settings: dict[str, Any]):
    with pytest.raises(UserError, match="gradient-tracking needs plain SGD"):
        Tracking().check(TrainSettings(**settings))
