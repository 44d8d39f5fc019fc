import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from counterpoint.data import Population
from counterpoint.engines import Engine
from counterpoint.exchange import Tensors
from counterpoint.methods import METHODS, FedAvg, TrainSettings
from counterpoint.models import Model
from counterpoint.randomness import generator

Make = Callable[..., Any]
FedProx = METHODS["fedprox"]


def test_one_client_alone_is_plain_training(make_engine: Make, make_population: Make, play: Make, same: Make):
    people: Population = make_population([9])
    train = TrainSettings(epochs=2, batch_size=4, lr=0.1, momentum=0.9, weight_decay=0.01)
    engine: Engine = make_engine(people=people, train=train, seed=3)
    model: Model = engine.model
    found: Tensors = play(engine)

    mine = {n: v.clone().requires_grad_() for n, v in model.initial.items()}
    optimizer = torch.optim.SGD(mine.values(), lr=0.1, momentum=0.9, weight_decay=0.01)
    source = generator(3, "client", 0, "round", 1, "visit 1", "train 1")
    for _ in range(2):
        for rows in torch.randperm(9, generator=source).split(4):
            batch = people.clients[0].train.batch(rows)
            optimizer.zero_grad()
            functional.cross_entropy(model(mine, batch, train=True), batch.label, reduction="none").mean().backward()
            optimizer.step()
    assert same(found, {n: v.detach() for n, v in mine.items()})
    assert not torch.equal(found["head.weight"], model.initial["head.weight"])


def test_the_average_is_weighted_by_samples(make_engine: Make, make_population: Make, play: Make, apart: Make):
    people: Population = make_population([5, 9, 12])
    sizes = [5, 9, 12]
    alone = []
    for i in range(3):
        engine: Engine = make_engine(people=people)
        engine.begin(1)
        (upload,) = engine.visit([i], engine.method.local, engine.method.offer())
        assert int(upload.samples) == sizes[i]
        alone.append(upload.weights)
    expected = {n: sum(m * a[n].double() for m, a in zip(sizes, alone, strict=True)) / 26 for n in alone[0]}
    assert apart(play(make_engine(people=people)), expected) < 1e-7


def test_fedprox_is_one_short_file():
    path = Path(inspect.getfile(FedProx))
    assert path.name == "fedprox.py"
    assert len(path.read_text().splitlines()) < 40


def test_fedprox_without_pull_is_fedavg(make_engine: Make, play: Make, same: Make):
    assert same(play(make_engine(FedProx(mu=0)), 2), play(make_engine(FedAvg()), 2))
    assert not same(play(make_engine(FedProx(mu=1)), 2), play(make_engine(FedAvg()), 2))


def test_fedprox_pulls_to_what_was_received_this_round(
    make_engine: Make, make_population: Make, play: Make, apart: Make
):
    people: Population = make_population([8])
    train = TrainSettings(epochs=3, batch_size=8, lr=0.1)
    engine: Engine = make_engine(FedProx(mu=2.0), people, train=train)
    found = play(engine, 2)
    batch = people.clients[0].train.batch(torch.arange(8))
    w = {n: v.clone() for n, v in engine.model.initial.items()}
    for _ in range(2):
        received = w
        for _ in range(3):
            grads = gradient(lambda p: functional.cross_entropy(engine.model(p, batch), batch.label), w)
            w = {n: w[n] - 0.1 * (grads[n] + 2.0 * (w[n] - received[n])) for n in w}
    assert apart(found, w) < 1e-6


@pytest.fixture
def proximal(make_engine: Make) -> tuple[Any, Tensors, Tensors, Any]:
    """The method in double precision: where it is, where it began, a batch."""
    engine: Engine = make_engine(FedProx(mu=0.3))
    source = generator(0, "proximal")
    received = {n: v.double() for n, v in engine.model.initial.items()}
    params = {n: v + 0.1 * torch.randn(v.shape, generator=source, dtype=v.dtype) for n, v in received.items()}
    batch = engine.population.clients[1].train.batch(torch.arange(6))
    batch = type(batch)(
        {m: v.double() for m, v in batch.x.items()}, batch.present, batch.label, batch.index, batch.mask
    )
    return engine.method, params, received, batch


def gradient(loss: Callable[[Tensors], torch.Tensor], at: Tensors) -> Tensors:
    leaves = {n: v.clone().requires_grad_() for n, v in at.items()}
    return dict(zip(leaves, torch.autograd.grad(loss(leaves).mean(), list(leaves.values())), strict=True))


def test_fedprox_adds_mu_times_the_way_gone(proximal: Any):
    method, params, received, batch = proximal
    using: Mapping[str, Any] = {"received": received}
    found = gradient(lambda p: method.loss(p, batch, using), params)
    plain = gradient(lambda p: FedAvg.loss(method, p, batch, using), params)
    for n in params:
        assert torch.allclose(found[n] - plain[n], 0.3 * (params[n] - received[n]), atol=1e-12), n
    there = gradient(lambda p: method.loss(p, batch, {"received": params}), params)
    assert all(torch.allclose(there[n], plain[n], atol=1e-14) for n in params), "no pull where nothing moved"


def test_the_gradient_of_fedprox_by_finite_differences(proximal: Any):
    method, params, received, batch = proximal

    def objective(p: Tensors) -> float:
        """The paper's formula, written out."""
        logits = method.model(p, batch)
        likely = torch.log_softmax(logits, 1)[torch.arange(len(batch)), batch.label]
        way = torch.cat([(p[n] - received[n]).flatten() for n in p])
        return float(-likely.mean() + 0.3 / 2 * (way @ way))

    found = gradient(lambda p: method.loss(p, batch, {"received": received}), params)
    for n, value in params.items():
        for place in (0, value.numel() - 1):
            ends = []
            for step in (1e-6, -1e-6):
                moved = value.clone()
                moved.view(-1)[place] += step
                ends.append(objective({**params, n: moved}))
            assert float(found[n].view(-1)[place]) == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-8), (n, place)
