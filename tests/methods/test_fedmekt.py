"""Properties that a right FedMEKT has."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from counterpoint.data import Population
from counterpoint.engines import ENGINES, Engine
from counterpoint.errors import UserError
from counterpoint.exchange import Tensors, decode
from counterpoint.methods import Client, TrainSettings
from counterpoint.methods.autoencoding import Autoencoding
from counterpoint.methods.fedmekt import Embeddings, FedMEKT
from counterpoint.runs.suitable import check_labels

Make = Callable[..., Any]
OFF = {"alpha": 0.0, "beta": 0.0, "eta": 0.0, "gamma": 0.0}
engines = pytest.mark.parametrize("engine", sorted(ENGINES))
variants = pytest.mark.parametrize("variant", ["joint", "separate"])
ADAM = TrainSettings(epochs=2, batch_size=4, lr=0.01)


@pytest.fixture
def started(make_engine: Make, make_population: Make) -> Callable[..., Engine]:
    def start(
        engine: str = "sequential", people: Population | None = None, missing: str = "none", **options: Any
    ) -> Engine:
        kept = {k: options.pop(k) for k in ("participation", "seed") if k in options}
        people = people or make_population([5, 3, 9], missing=missing)
        made: Engine = make_engine(FedMEKT(**options), people, kind=ENGINES[engine], train=ADAM, **kept)
        return made

    return start


def blocks_moved(before: Tensors, after: Tensors) -> set[str]:
    return {
        ".".join(n.split(".")[: 1 if n.startswith(("head", "joint")) else 2])
        for n in after
        if not torch.equal(after[n], before[n])
    }


@variants
@engines
def test_nothing_but_embeddings_of_owned_modalities_travels(
    started: Make, monkeypatch: pytest.MonkeyPatch, engine: str, variant: str
) -> None:
    """Client 0 lacks acc, client 1 lacks gyro."""
    made = started(engine, missing="client", variant=variant)
    seen: dict[int, Embeddings] = {}
    plain = made._wire.open

    def opened(data: bytes, kind: Any, modalities: Any) -> Any:
        package = decode(data, kind, 10**9)
        seen[len(seen)] = package
        assert {name for _, name in package.tensors()} == set(modalities), "what it owns, no more"
        return plain(data, kind, modalities)

    monkeypatch.setattr(made._wire, "open", opened)
    made.begin(1)
    made.method.round(made)
    assert seen
    for package in seen.values():
        assert {field for field, _ in package.tensors()} == {"first", "second"}
        for (field, _), value in package.tensors().items():
            assert value.shape == (6, 3, 32 if field == "first" else 10), "proxy rows, steps, width"
    assert not {block for _, _, block in made.log.traffic} & set(made.model.layout.blocks), "no weights"


@engines
def test_bytes_are_those_of_the_formula(started: Make, engine: str) -> None:
    made = started(engine)
    made.begin(1)
    made.method.round(made)
    payload = 6 * 3 * (10 + 32) * 2 * 4  # rows, steps, both widths, modalities, bytes
    for client in made.clients:
        for direction in ("up", "down"):
            sent = sum(size for (d, c, _), size in made.log.traffic.items() if (d, c) == (direction, client))
            assert payload <= sent < payload + 600, "and a header"


@engines
def test_embeddings_of_another_shape_are_refused_and_counted(started: Make, engine: str) -> None:
    made = started(engine)

    def shorter(self: Any, client: Client, received: Embeddings) -> Embeddings:
        told = self.told(client, client.load({}))
        return Embeddings(client.map(lambda values: {m: v[1:] for m, v in values.items()}, told.first), told.second)

    made._away.__class__ = type("Shorter", (FedMEKT,), {"local": shorter})
    made.begin(1)
    made.method.round(made)
    assert [client for client, _ in made.log.refused] == made.clients
    assert "'first/acc' have shape [5, 3, 32] in place of [6, 3, 32]" in made.log.refused[0][1]
    assert all(bool(torch.isfinite(v).all()) for v in made.method.weights.values())


def test_what_it_costs_is_noted(started: Make) -> None:
    """Client 0 lacks acc, client 1 lacks gyro: of each modality two clients need six rows of 2 x 3 numbers."""
    made = started(missing="client")
    made.begin(1)
    made.method.round(made)
    assert made.log.notes["proxy_bytes", "server"] == 2 * 2 * 6 * 6 * 4
    one = sum(4 * (i * h + h * h + 2 * h) for i, h in ((2, 32), (32, 10), (10, 32), (32, 2)))
    assert made.log.notes["break_even", "server"] == pytest.approx(2 * one / (2 * 3 * 42))


@engines
def test_a_client_keeps_its_own_model_while_it_is_not_asked(started: Make, same: Make, engine: str) -> None:
    made = started(engine, participation=0.34)
    seen: dict[str, Tensors] = {}
    for number in (1, 2, 3, 4):
        made.begin(number)
        asked = {str(c) for c in made.sample()}
        made.method.round(made)
        now = {c: m["model"] for c, m in made.memories().items() if "model" in m}
        for client, model in seen.items():
            assert same(now[client], model) == (client not in asked)
        seen = {c: {n: v.clone() for n, v in m.items()} for c, m in now.items()}
    assert len(seen) > 1


@variants
def test_without_transfer_all_learn_alone(started: Make, same: Make, play: Make, variant: str) -> None:
    alone, other = (started(variant=variant, **OFF) for _ in range(2))
    other.population = replace(other.population)
    weights = play(alone, 2)
    people = alone.population
    fewer = replace(people, clients=tuple(replace(c, train=c.train.rows(torch.arange(2))) for c in people.clients))
    assert same(weights, play(started(people=fewer, variant=variant, **OFF), 2)), "clients do not reach the server"
    told = started(people=fewer, variant=variant)
    assert not same(weights, play(told, 2)), "but with transfer they do"


def test_clients_learn_nothing_of_the_server_without_local_transfer(started: Make, same: Make, play: Make) -> None:
    models = []
    for seed_of_server in (0.001, 0.1):
        made = started(alpha=0.0, beta=0.0, server_lr=seed_of_server)
        play(made, 2)
        models.append(made.memories()["0"]["model"])
    assert same(*models)


@engines
def test_reading_one_modality_leaves_the_other_encoder_as_it_was(started: Make, engine: str) -> None:
    made = started(engine, variant="separate")

    def first_turn_only(self: Any, client: Client, received: Embeddings) -> Embeddings:
        start = client.load({})
        turn = self.objectives(start, 0.05, 0.05, "beside")[:1]
        given = {"first": received.first, "second": received.second}
        how = self.learner(client)
        trained = client.train(start, turn, over="inputs", beside="proxy", using=given, settings=how)
        client.memory["model"] = trained
        return self.told(client, trained)

    kind = type("FirstTurn", (FedMEKT,), {"local": first_turn_only})
    made._away.__class__ = kind
    made.begin(1)
    made.method.round(made)
    moved = blocks_moved(made.model.initial, made.memories()["0"]["model"])
    assert moved == {"encoder.acc", "decoder.acc", "decoder.gyro"}


@variants
@engines
def test_a_client_of_one_modality_has_no_other(started: Make, play: Make, engine: str, variant: str) -> None:
    made = started(engine, missing="client", variant=variant)
    play(made, 2)
    kept = made.memories()["0"]["model"]
    assert {n.split(".")[1] for n in kept} == {"gyro"}
    assert blocks_moved({n: made.model.initial[n] for n in kept}, kept) == {"encoder.gyro", "decoder.gyro"}


def test_what_is_heard_is_the_mean_of_those_who_have_the_modality(
    started: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = started(missing="client")
    heard: dict[str, Any] = {}
    plain = made.server.train

    made.begin(1)
    told = {
        u.client: u
        for u in made.visit(made.clients, made.method.local, made.method.told(made.server, made.method.weights))
    }

    again = started(missing="client")
    again.begin(1)
    plain = again.server.train

    def listening(params: Tensors, loss: Any, **how: Any) -> Tensors:
        if how["over"] == "proxy":
            heard.update(how["using"])
        found: Tensors = plain(params, loss, **how)
        return found

    monkeypatch.setattr(again.server, "train", listening)
    again.method.round(again)
    for m, owners in (("acc", (1, 2)), ("gyro", (0, 2))):
        for layer in ("first", "second"):
            expected = torch.stack([getattr(told[c], layer)[m] for c in owners]).mean(0)
            assert torch.allclose(heard[layer][m], expected, atol=1e-6)


def test_equal_models_have_nothing_to_tell_one_another(started: Make) -> None:
    made = started()
    method, model, server = made.method, made.model, made.server
    told = method.told(server, method.weights)
    proxy = made.population.proxy
    batch = proxy.batch(torch.arange(6))
    leaves = {n: v.clone().requires_grad_() for n, v in model.initial.items() if not model.layout[n].frozen}
    params = {**model.initial, **leaves}
    parts = model.parts(params, batch)
    for joint in ("", "second"):
        apart = method._apart(params, parts["h2"]["acc"], told.second["acc"], batch, "acc", joint)
        assert 0 <= float(apart.detach()) < 1e-3
        grads = torch.autograd.grad(apart, list(leaves.values()), allow_unused=True, retain_graph=True)
        assert max(float(g.abs().max()) for g in grads if g is not None) < 1e-4


def test_labels_of_clients_are_never_read(started: Make, same: Make, play: Make) -> None:
    made = started()
    weights = play(made, 2)
    people = made.population
    scrambled = tuple(replace(c, train=replace(c.train, label=(c.train.label + 1) % 3)) for c in people.clients)
    assert same(weights, play(started(people=replace(people, clients=scrambled)), 2))
    hidden = tuple(replace(c, train=c.train.rows(torch.arange(0)), unlabelled=c.inputs) for c in people.clients)
    assert same(weights, play(started(people=replace(people, clients=hidden)), 2))


def test_the_classifier_moves_nothing_else_and_stays_where_it_is_not_trained(started: Make) -> None:
    made = started()
    made.begin(1)
    before = dict(made.method.weights)
    made.method.train_head(made)
    assert blocks_moved(before, made.method.weights) == {"head"}
    idle = started(head_epochs=0)
    idle.begin(1)
    idle.method.round(idle)
    assert "head" not in blocks_moved(idle.model.initial, idle.method.weights)


@variants
def test_teachers_and_joint_maps_get_no_gradient(started: Make, play: Make, variant: str) -> None:
    made = started(variant=variant)
    weights = play(made, 2)
    assert "joint" not in blocks_moved(made.model.initial, weights)
    assert not any(n.startswith("joint") for n in made.memories()["0"]["model"])


@engines
@pytest.mark.parametrize(
    ("options", "rows", "steps"), [({"knowledge": "last_step"}, 6, 1), ({"proxy_stride": 4}, 2, 3)]
)
def test_less_may_be_told(
    started: Make, play: Make, engine: str, options: dict[str, Any], rows: int, steps: int
) -> None:
    made = started(engine, **options)
    told = made.method.told(made.server, made.method.weights)
    assert told.second["acc"].shape == (rows, steps, 10)
    before = dict(made.method.weights)
    after = play(made, 2)
    assert blocks_moved(before, after) == {"encoder.acc", "encoder.gyro", "decoder.acc", "decoder.gyro", "head"}
    whole = started(engine).method
    assert whole.told(made.server, before).second["acc"].shape == (6, 3, 10)


def test_rows_that_are_not_told_of_teach_nothing(started: Make) -> None:
    made = started(proxy_stride=4)
    method, batch = made.method, made.population.proxy.batch(torch.tensor([1, 2, 3, 5]))
    told = method.told(made.server, method.weights)
    student = torch.randn(4, 3, 10, generator=torch.Generator().manual_seed(0))
    assert float(method._apart(method.weights, student, told.second["acc"], batch, "acc", "")) == 0
    one = made.population.proxy.batch(torch.tensor([1, 4]))
    from counterpoint.objectives import sequence_divergence

    expected = sequence_divergence(student[1:2], told.second["acc"][1:2])
    found: Tensor = method._apart(method.weights, student[:2], told.second["acc"], one, "acc", "")
    assert torch.allclose(found, expected[0])


def test_what_it_cannot_do_without_is_told(make_population: Make) -> None:
    people = make_population()
    with pytest.raises(UserError, match=r"fedmekt needs a proxy set, .* use --proxy 0\.1"):
        check_labels(FedMEKT(), people)
    with pytest.raises(
        UserError, match=r"fedmekt learns from labels of the server's own rows: use --labels server:0\.1"
    ):
        check_labels(FedMEKT(), replace(people, proxy=people.test))
    assert issubclass(FedMEKT, Autoencoding)


@engines
@variants
def test_the_server_may_have_a_deeper_network(started: Make, play: Make, engine: str, variant: str) -> None:
    made = started(engine, variant=variant, server_layers=2)
    before = dict(made.method.weights)
    assert "server_encoder.acc.one.body.weight_hh_l1" in before
    told = made.method.told(made.server, before, server=True)
    assert told.first["acc"].shape == (6, 3, 32), "embeddings are as wide as those of clients"
    assert not torch.equal(told.first["acc"], made.method.told(made.server, before).first["acc"])
    after = play(made, 2)
    own = {f"server_{part}.{m}" for part in ("encoder", "decoder") for m in ("acc", "gyro")}
    assert blocks_moved(before, after) == {*own, "head"}
    assert not any(n.startswith("server") for n in made.memories()["0"]["model"])
    one = sum(4 * (i * h + h * h + 2 * h) for i, h in ((2, 32), (32, 10), (10, 32), (32, 2)))
    assert made.log.notes["break_even", "server"] == pytest.approx(2 * one / (2 * 3 * 42)), "of what clients have"


def test_a_second_batch_of_as_many_rows_is_recorded(make_engine: Make, make_population: Make) -> None:
    """Six proxy rows, so batches of at most six; clients of twelve rows: two steps an epoch, both of six."""
    found = []
    for rounds in (1, 200):
        people, how = make_population([12, 12, 12]), TrainSettings(epochs=2, batch_size=6, lr=0.01)
        made = make_engine(FedMEKT(), people, kind=ENGINES["stacked"], stack=3, train=how)
        made.rounds = rounds
        for number in (1, 2):
            made.begin(number)
            made.method.round(made)
        found.append((made.profile.recorded, made.method.weights))
    assert found[0][0] == 0 and found[1][0] > 0
    assert all(torch.allclose(v, found[1][1][n], atol=1e-5) for n, v in found[0][1].items())
