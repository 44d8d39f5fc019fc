"""Methods beside FedMEKT that learn with few labels."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from counterpoint.data import Population
from counterpoint.engines import ENGINES, Engine
from counterpoint.methods import METHODS, TrainSettings
from counterpoint.methods.mm_fedavg import norm_of_difference

Make = Callable[..., Any]
ADAM = TrainSettings(epochs=2, batch_size=4, lr=0.01)
FAMILY = ["dccae", "mm-fedavg", "mm-fedprox", "mm-moon", "mm-centralized", "server-only"]
engines = pytest.mark.parametrize("engine", sorted(ENGINES))


@pytest.fixture
def started(make_engine: Make, make_population: Make) -> Callable[..., Engine]:
    def start(
        method: str,
        engine: str = "sequential",
        people: Population | None = None,
        missing: str = "none",
        **options: Any,
    ) -> Engine:
        people = people or make_population([5, 3, 9], missing=missing)
        made: Engine = make_engine(METHODS[method](**options), people, kind=ENGINES[engine], train=ADAM)
        return made

    return start


@pytest.mark.parametrize("method", FAMILY)
def test_labels_of_clients_are_never_read(started: Make, same: Make, play: Make, method: str) -> None:
    made = started(method)
    weights = play(made, 2)
    people = made.population
    hidden = tuple(replace(c, train=c.train.rows(torch.arange(0)), unlabelled=c.inputs) for c in people.clients)
    assert same(weights, play(started(method, people=replace(people, clients=hidden)), 2))


@engines
@pytest.mark.parametrize("weight", [1, 100])
def test_autoencoders_are_averaged_over_their_owners(started: Make, engine: str, weight: int) -> None:
    """Client 0 lacks acc, client 1 lacks gyro, client 2 has both."""
    made = started("mm-fedavg", engine, missing="client", multimodal_weight=weight)
    made.begin(1)
    sent = {u.client: u for u in made.visit(made.clients, made.method.local, made.method.offer())}
    assert {c: int(u.samples) for c, u in sent.items()} == {0: 1, 1: 1, 2: weight}
    again = started("mm-fedavg", engine, missing="client", multimodal_weight=weight)
    again.begin(1)
    again.method.round(again)
    for name, owner in (("encoder.acc.two.body.weight_ih_l0", 1), ("decoder.gyro.one.body.bias_hh_l0", 0)):
        expected = (sent[owner].weights[name] + weight * sent[2].weights[name]) / (1 + weight)
        assert torch.allclose(again.method.weights[name], expected, atol=1e-6)
    assert not any(n.startswith(("head", "joint")) for u in sent.values() for n in u.weights)


def test_the_pull_has_one_length_wherever_the_client_is() -> None:
    start = {"w": torch.zeros(4), "v": torch.zeros(2)}
    for distance in (0.01, 3.0):
        own = {n: (v + distance).requires_grad_() for n, v in start.items()}
        norm = norm_of_difference(own, start)
        assert float(norm.detach()) == pytest.approx(distance * math.sqrt(6), rel=1e-5)
        grads = torch.autograd.grad(norm, list(own.values()))
        assert float(torch.cat(grads).norm()) == pytest.approx(1, rel=1e-5)
    own = {n: v.clone().requires_grad_() for n, v in start.items()}
    grads = torch.autograd.grad(norm_of_difference(own, start), list(own.values()))
    assert float(torch.cat(grads).abs().max()) == 0, "none at the received model itself"


def test_a_larger_pull_keeps_clients_nearer(started: Make) -> None:
    far = {}
    for mu in (0.0, 1.0):
        made = started("mm-fedprox", mu=mu)
        made.begin(1)
        (upload, *_) = made.visit([0], made.method.local, made.method.offer())
        own = {n: v for n, v in upload.weights.items() if n.startswith("encoder")}
        far[mu] = float(norm_of_difference(own, made.model.initial))
    assert far[1.0] < 0.8 * far[0.0]


def test_without_a_last_model_there_is_no_contrast(started: Make, apart: Make, play: Make) -> None:
    """In a client's first visit the last model is the received one: both are as near, wherever the client goes."""
    moon, plain = started("mm-moon", mu=5.0), started("mm-fedavg")
    assert apart(play(moon), play(plain)) < 1e-5
    assert apart(play(moon), play(plain)) > 1e-4, "later there is"


def test_the_contrast_is_the_formula(started: Make) -> None:
    made = started("mm-moon", mu=0.7)
    method, model = made.method, made.model
    source = torch.Generator().manual_seed(0)
    moved = [{n: v + 0.3 * torch.randn(v.shape, generator=source) for n, v in model.initial.items()} for _ in range(3)]
    batch = made.population.clients[2].train.batch(torch.arange(6))
    own, near, far = (model.parts(p, batch)["h2"]["acc"][:, -1] for p in moved)
    using = {"received": moved[1], "previous": moved[2]}
    found = method.reading(moved[0], batch, using, modality="acc")
    plain = method.reconstruction(model.parts(moved[0], batch, reads=["acc"], writes=True), batch)
    cos = torch.nn.functional.cosine_similarity
    to_near, to_far = (cos(own, other, 1).div(0.5).exp() for other in (near, far))
    assert torch.allclose(found - plain, -0.7 * (to_near / (to_near + to_far)).log(), atol=1e-5)


def test_the_servers_own_rows_alone(started: Make, same: Make, play: Make) -> None:
    made = started("server-only")
    weights = play(made, 2)
    assert made.log.traffic == {}
    people = made.population
    fewer = replace(people, clients=people.clients[:1])
    assert same(weights, play(started("server-only", people=fewer), 2))
    moved = {n.split(".")[0] for n, v in weights.items() if not torch.equal(v, made.model.initial[n])}
    assert moved == {"encoder", "head"}


def test_the_bound_learns_from_all_clients_rows(started: Make, same: Make, play: Make) -> None:
    made = started("mm-centralized")
    weights = play(made, 2)
    assert made.log.traffic == {}
    people = made.population
    fewer = replace(people, clients=people.clients[:1])
    assert not same(weights, play(started("mm-centralized", people=fewer), 2))


@engines
def test_alone_a_client_learns_from_its_own_rows_and_the_servers_labels(
    started: Make, play: Make, same: Make, engine: str
) -> None:
    """Client 0 lacks acc, client 1 lacks gyro. What others have makes no difference."""
    made = started("mm-local", engine, missing="client")
    play(made, 2)
    kept = {c: m["model"] for c, m in made.memories().items() if c != "server"}
    assert set(kept) == {"0", "1", "2"}
    assert {n.split(".")[1] for n in kept["0"] if n.startswith("encoder")} == {"gyro"}
    assert not torch.equal(kept["0"]["head.weight"], kept["1"]["head.weight"])
    assert not torch.equal(kept["0"]["head.weight"], made.model.initial["head.weight"])
    assert {block for _, _, block in made.log.traffic} <= {"samples", "envelope"}, "no tensor of a model"
    people = made.population
    fewer = replace(people, clients=(people.clients[0], replace(people.clients[1], train=people.clients[1].test)))
    other = started("mm-local", engine, people=fewer)
    play(other, 2)
    assert torch.allclose(other.memories()["0"]["model"]["head.weight"], kept["0"]["head.weight"], atol=1e-6)
