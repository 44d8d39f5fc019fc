"""D-PSGD against its equations, its limits, and the battery."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from counterpoint.engines import ENGINES, Engine, Sequential
from counterpoint.exchange import Tensors
from counterpoint.methods import METHODS, TrainSettings
from counterpoint.methods.decentralised import Decentralised
from counterpoint.randomness import generator
from counterpoint.simulate.network import NetworkSettings
from counterpoint.simulate.settings import DeviceSettings

Make = Callable[..., Any]
DPSGD = METHODS["d-psgd"]
LR, EPOCHS, BATCH = 0.1, 2, 4
everywhere = pytest.mark.parametrize("engine", sorted(ENGINES))


def models(engine: Engine) -> dict[int, Tensors]:
    return {int(c): m["model"] for c, m in engine.memories().items() if c.isdigit()}


def start(make_engine: Make, method: Any, topology: str, **options: Any) -> Engine:
    return make_engine(method, network=NetworkSettings(topology=topology), **options)


def as_written(engine: Engine, rounds: int, weights: list[list[float]]) -> list[Tensors]:
    """Models of all peers after some rounds, all of which own everything."""
    w = [{n: v.clone() for n, v in engine.model.initial.items()} for _ in engine.clients]
    for r in range(1, rounds + 1):
        for i, client in enumerate(engine.population.clients):
            source = generator(engine.seed, "client", i, "round", r, "visit 1", "train 1")
            for _ in range(EPOCHS):
                for rows in torch.randperm(len(client.train), generator=source).split(BATCH):
                    batch = client.train.batch(rows)
                    leaves = {n: v.clone().requires_grad_() for n, v in w[i].items()}
                    loss = functional.cross_entropy(engine.model(leaves, batch), batch.label)
                    grads = torch.autograd.grad(loss, list(leaves.values()))
                    w[i] = {n: v - LR * g for (n, v), g in zip(w[i].items(), grads, strict=True)}
        w = [{n: sum(p * o[n] for p, o in zip(row, w, strict=True)) for n in w[0]} for row in weights]
    return w


@everywhere
@pytest.mark.parametrize(
    ("topology", "weights"),
    [
        ("complete", [[1 / 3] * 3] * 3),
        ("star", [[1 / 3, 1 / 3, 1 / 3], [1 / 3, 2 / 3, 0], [1 / 3, 0, 2 / 3]]),
        ("none", [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    ],
)
def test_three_peers_for_three_rounds(
    make_engine: Make, play: Make, apart: Make, engine: str, topology: str, weights: list[list[float]]
):
    made = start(make_engine, DPSGD(), topology, kind=ENGINES[engine])
    play(made, 3)
    expected = as_written(made, 3, weights)
    for client, found in models(made).items():
        assert apart(found, expected[client]) < 1e-5


@everywhere
def test_with_no_edges_it_is_local_training(make_engine: Make, play: Make, same: Make, engine: str):
    alone = start(make_engine, DPSGD(), "none", kind=ENGINES[engine])
    local = make_engine(METHODS["local"](), kind=ENGINES[engine])
    play(alone, 3)
    play(local, 3)
    for client, found in models(alone).items():
        assert same(found, models(local)[client])


def test_with_one_step_of_equal_batches_on_a_complete_graph_it_is_central_sgd(
    make_engine: Make, make_population: Make, play: Make, apart: Make
):
    people = make_population([8, 8, 8])
    made = start(
        make_engine, DPSGD(steps=1), "complete", people=people, train=TrainSettings(epochs=1, batch_size=8, lr=0.1)
    )
    play(made, 4)
    w = dict(made.model.initial)
    rows = [c.train.batch(torch.arange(8)) for c in people.clients]
    for _ in range(4):
        leaves = {n: v.clone().requires_grad_() for n, v in w.items()}
        loss = torch.stack([functional.cross_entropy(made.model(leaves, b), b.label) for b in rows]).mean()
        grads = torch.autograd.grad(loss, list(leaves.values()))
        w = {n: v - 0.1 * g for (n, v), g in zip(w.items(), grads, strict=True)}
    for found in models(made).values():
        assert apart(found, w) < 1e-6


class OnlyMixing(Decentralised):
    """No training at all."""

    name = "only-mixing"

    def peer(self, peer: Any) -> None:
        peer.memory["model"] = peer.mix(peer.load({}))


@everywhere
def test_what_one_knows_travels_one_hop_a_round(
    make_engine: Make, make_population: Make, same: Make, tmp_path: Path, engine: str
):
    path = tmp_path / "path.txt"
    path.write_text("0 1\n1 2\n2 3\n3 4\n")
    made = start(make_engine, OnlyMixing(), f"edges:{path}", people=make_population([5] * 5), kind=ENGINES[engine])
    initial = made.model.initial
    made.restore({"0": {"model": {n: v + 1 for n, v in initial.items()}}})
    for n in range(1, 5):
        made.begin(n)
        made.method.round(made)
        moved = [c for c, model in models(made).items() if not same(model, dict(initial))]
        assert moved == list(range(n + 1))
    before = torch.stack([models(made)[c]["head.weight"].double() for c in range(5)]).mean(0)
    assert torch.allclose(before, initial["head.weight"].double() + 0.2, atol=1e-6), "the mean stays"


@everywhere
def test_only_owners_mix_a_block(make_engine: Make, make_population: Make, play: Make, same: Make, engine: str):
    people = make_population([5, 9, 12], missing="client")  # 0 lacks acc, 1 lacks gyro
    made = start(make_engine, DPSGD(), "complete", people=people, kind=ENGINES[engine])
    play(made, 2)
    found = models(made)
    assert not any(n.startswith("encoder.acc") for n in found[0])
    assert not any(n.startswith("encoder.gyro") for n in found[1])
    assert torch.equal(found[1]["encoder.acc.out.weight"], found[2]["encoder.acc.out.weight"])
    assert torch.equal(found[0]["encoder.gyro.out.weight"], found[2]["encoder.gyro.out.weight"])
    assert torch.equal(found[0]["head.weight"], found[1]["head.weight"])


@everywhere
def test_bytes_do_not_depend_on_data_steps_or_graph(make_engine: Make, make_population: Make, play: Make, engine: str):
    sent = set()
    for sizes, steps, topology in (([5, 9, 12], 1, "ring"), ([12, 5, 7], 4, "star")):
        made = start(make_engine, DPSGD(steps=steps), topology, people=make_population(sizes), kind=ENGINES[engine])
        play(made)
        sent |= {
            sum(n for (d, c, _), n in made.log.traffic.items() if d == "up" and c == client) for client in range(3)
        }
        degrees = made.network.graph(1).degrees.tolist()
        heard = [sum(n for (d, c, _), n in made.log.traffic.items() if d == "down" and c == i) for i in range(3)]
        assert heard == [degree * next(iter(sent)) for degree in degrees]
    assert len(sent) == 1


def test_a_peer_with_a_broken_model_is_not_heard_and_counted(make_engine: Make, play: Make, same: Make):
    made = start(make_engine, OnlyMixing(), "complete")
    initial = dict(made.model.initial)
    made.restore({"1": {"model": {n: torch.full_like(v, torch.nan) for n, v in initial.items()}}})
    play(made)
    assert [client for client, _ in made.log.refused] == [1]
    assert same(models(made)[0], initial)
    assert same(models(made)[2], initial)
    assert bool(models(made)[1]["head.weight"].isnan().all())


@everywhere
@pytest.mark.parametrize("spending", ["freely", "evenly"])
def test_nobody_spends_more_than_its_battery_holds(make_engine: Make, play: Make, engine: str, spending: str):
    made = start(
        make_engine,
        DPSGD(steps=6, spending=spending),
        "complete",
        kind=ENGINES[engine],
        simulate=DeviceSettings(battery="0.1..0.3", reference_steps=6),
    )
    steps = []
    before = None
    for r in range(1, 11):
        made.begin(r)
        left = made.ledger.left.clone()
        before = left if before is None else before
        made.method.round(made)
        spent = made.ledger.computed + made.ledger.sending
        assert torch.allclose(made.ledger.left, left - spent, rtol=1e-12, atol=0)
        assert bool((made.ledger.left >= 0).all())
        if spending == "evenly":
            assert bool((spent <= left / (10 - r + 1) * (1 + 1e-9)).all())
        steps.append(made.ledger.speaks.sum().item())
    assert bool((made.ledger.left < before).any())
    assert min(steps) < 3, "somebody was silent in some round"


def test_an_empty_battery_ends_nothing_but_its_own_part(make_engine: Make, play: Make, same: Make):
    made = start(make_engine, DPSGD(steps=2), "complete", simulate=DeviceSettings(battery="0..0"), kind=Sequential)
    initial = dict(made.model.initial)
    play(made, 3)
    assert all(same(found, initial) for found in models(made).values())
    assert made.log.traffic == {}
