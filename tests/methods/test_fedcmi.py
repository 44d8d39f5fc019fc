"""Properties that a right FedCMI has."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from counterpoint.data import Batch, Population, Samples
from counterpoint.data.population import ClientData
from counterpoint.engines import ENGINES, Engine, Sequential
from counterpoint.errors import UserError
from counterpoint.exchange import Tensors
from counterpoint.methods import FedAvg, TrainSettings
from counterpoint.methods.fedcmi import FedCMI
from counterpoint.methods.infiltration import directions
from counterpoint.models import Model, ModelSettings
from counterpoint.randomness import generator

Make = Callable[..., Any]
PLAIN = {"self_weight": 0.0, "infiltration_weight": 0.0, "mu": 0.0}


class OnItsNetwork(FedAvg):
    """FedAvg on FedCMI's network."""

    def assembly(self) -> Any:
        return FedCMI().assembly()


@pytest.fixture
def built(make_model: Make, make_population: Make) -> Callable[..., tuple[FedCMI, Model, Batch]]:
    """A method with a model, and a batch of a client's rows."""

    def build(missing: str = "none", **options: Any) -> tuple[FedCMI, Model, Batch]:
        method, people = FedCMI(**options), make_population([14], missing=missing)
        model = make_model(people, method=method)
        method.build(model)
        train: Samples = people.clients[0].train
        return method, model, train.batch(torch.arange(len(train)))

    return build


def gradients(params: Tensors, loss: Callable[[Tensors], Tensor]) -> Tensors:
    leaves = {n: v.clone().requires_grad_() for n, v in params.items()}
    found = torch.autograd.grad(loss(leaves).sum(), list(leaves.values()), allow_unused=True)
    return {n: torch.zeros_like(params[n]) if g is None else g for n, g in zip(leaves, found, strict=True)}


def moved(grads: Tensors) -> set[str]:
    """Blocks with a gradient: `kind.modality`, or `fusion`."""
    names = {n for n, g in grads.items() if bool(g.abs().max() > 0)}
    return {"fusion" if n.startswith("fusion") else ".".join(n.split(".")[:2]) for n in names}


def guidance(model: Model, batch: Batch, dominant: str) -> dict[str, Any]:
    names = sorted(batch.x)
    classes = 3
    told: Tensors = {"dominant": torch.tensor([float(m == dominant) for m in names])}
    told |= {f"T.{a}>{b}": torch.ones(classes) for a in names for b in names if a != b}
    start = {n: v + 0.1 for n, v in model.initial.items()}
    return {"received": model.initial, "teacher": start, "directions": told, "active": torch.tensor(1.0)}


@pytest.mark.parametrize("engine", sorted(ENGINES))
@pytest.mark.parametrize("missing", ["none", "client", "sample"])
def test_without_its_terms_it_is_fedavg_on_the_same_network(
    make_engine: Make, make_population: Make, play: Make, same: Make, engine: str, missing: str
) -> None:
    people = make_population([5, 1, 14], missing=missing)
    found, expected = (
        play(make_engine(method, people, kind=ENGINES[engine], train=TrainSettings(batch_size=4)), 3)
        for method in (FedCMI(**PLAIN), OnItsNetwork())
    )
    assert same(found, expected)


def test_the_fused_loss_reaches_infiltration_projectors_only_where_a_modality_is_missing(built: Make) -> None:
    method, model, batch = built(**PLAIN)
    using = {"received": model.initial}
    assert not any(
        block.startswith("infiltrate")
        for block in moved(gradients(model.initial, lambda p: method.loss(p, batch, using)))
    )
    alone = batch.only(["acc"])
    blocks = moved(gradients(model.initial, lambda p: method.loss(p, alone, using)))
    assert blocks == {"encoder.acc", "project.acc", "infiltrate.acc", "fusion"}


def test_no_self_projection_loss_in_rows_with_one_modality(built: Make) -> None:
    method, model, batch = built(infiltration_weight=0.0, mu=0.0)
    plain = FedCMI(**PLAIN)
    plain.build(model)
    using = {"received": model.initial}
    lonely = replace(batch, present={**batch.present, "gyro": torch.arange(len(batch)) % 2 == 0})
    difference = method.loss(model.initial, lonely, using) - plain.loss(model.initial, lonely, using)
    assert bool((difference[0::2] > 0.1).all())
    assert bool((difference[1::2] == 0).all())


def test_infiltration_moves_the_students_projector_classifier_and_encoder_alone(built: Make) -> None:
    method, model, batch = built()
    using = guidance(model, batch, "acc")

    def term(params: Tensors) -> Tensor:
        parts = model.parts(params, batch)
        return method._taught(parts, batch, {"acc": torch.tensor(1.0), "gyro": torch.tensor(0.0)}, using)

    assert moved(gradients(model.initial, term)) == {"infiltrate.gyro", "classify.gyro", "encoder.gyro"}
    frozen = gradients(using["teacher"], lambda p: term(model.initial) + 0 * sum(v.sum() for v in p.values()))
    assert moved(frozen) == set()


def test_without_a_projector_the_self_projection_is_taught(built: Make) -> None:
    method, model, batch = built(infiltration_projector=False)
    assert not any(n.startswith("infiltrate") for n in model.initial)
    using = guidance(model, batch, "gyro")
    told = {"acc": torch.tensor(0.0), "gyro": torch.tensor(1.0)}
    grads = gradients(model.initial, lambda p: method._taught(model.parts(p, batch), batch, told, using))
    assert moved(grads) == {"project.acc", "classify.acc", "encoder.acc"}


def test_infiltration_is_zero_where_the_student_agrees_and_never_negative(built: Make) -> None:
    method, model, batch = built()
    using = guidance(model, batch, "acc")
    told = {"acc": torch.tensor(1.0), "gyro": torch.tensor(0.0)}
    parts = model.parts(model.initial, batch)
    assert bool((method._taught(parts, batch, told, using) >= 0).all())
    teacher = model.parts(using["teacher"], batch, train=False)["self"]["acc"]
    agreed = {**parts, "foreign": {**parts["foreign"], "gyro": teacher}}
    assert method._taught(agreed, batch, told, using).abs().max().item() < 1e-6


def test_the_proximal_gradient_is_mu_times_the_way(built: Make) -> None:
    method, model, batch = built(mu=0.7)
    off = FedCMI(proximal=False)
    off.build(model)
    here = {n: v + 0.01 * torch.randn(v.shape, generator=generator(1, n)) for n, v in model.initial.items()}
    using = {"received": model.initial}
    rows = len(batch)
    with_it, without = (gradients(here, lambda p, m=m: m.loss(p, batch, using) / rows) for m in (method, off))
    for n, value in here.items():
        assert torch.allclose(with_it[n] - without[n], 0.7 * (value - model.initial[n]), atol=1e-5), n


def test_a_stronger_proximal_term_keeps_clients_nearer(make_engine: Make, make_population: Make, play: Make) -> None:
    people = make_population([14, 9])
    lengths = []
    for mu in (0.01, 0.1, 1.0):
        engine = make_engine(FedCMI(mu=mu), people)
        before = dict(engine.method.weights)
        after = play(engine)
        lengths.append(sum(float((after[n] - before[n]).square().sum()) for n in before))
    assert lengths == sorted(lengths, reverse=True)


class Counts(FedCMI):
    """Counts calls of the teacher in losses."""

    calls = 0
    told: list[set[str]] = []  # noqa: RUF012

    def _taught(self, *given: Any) -> Tensor:
        Counts.calls += 1
        return super()._taught(*given)


def test_nobody_is_taught_in_the_warm_up_nor_with_one_modality(
    make_engine: Make, make_population: Make, play: Make
) -> None:
    people = make_population([5, 9, 12])
    engine = make_engine(Counts(warmup=2), people, kind=Sequential)
    Counts.calls = 0
    play(engine, 2)
    assert Counts.calls == 0
    play(engine)
    assert Counts.calls > 0
    alone = [ClientData(i, c.name, c.train.only(["acc"]), c.test.only(["acc"])) for i, c in enumerate(people.clients)]
    engine = make_engine(Counts(warmup=0), replace(people, clients=tuple(alone)), kind=Sequential)
    Counts.calls = 0
    play(engine, 2)
    assert Counts.calls == 0


def test_blocks_are_averaged_over_their_owners_by_samples(make_engine: Make, make_population: Make, play: Make) -> None:
    people = make_population([5, 9, 12], missing="client")  # client 0 lacks acc, client 1 gyro
    engine = make_engine(FedCMI(), people)
    before = dict(engine.method.weights)
    play(engine)
    seen = {n for n in before if not torch.equal(before[n], engine.method.weights[n])}
    assert any(n.startswith("encoder.gyro") for n in seen)
    only_acc = replace(people, clients=(ClientData(0, "a", people.clients[1].train, people.clients[1].test),))
    engine = make_engine(FedCMI(), only_acc)
    before = dict(engine.method.weights)
    after = play(engine, 2)
    for n in before:
        part, _, rest = n.partition(".")
        if rest.startswith("gyro") and part != "fusion":
            assert torch.equal(before[n], after[n]), n


@pytest.mark.parametrize("dominance", ["round", "batch", "server"])
def test_what_travels_is_the_model(make_engine: Make, make_population: Make, play: Make, dominance: str) -> None:
    people = make_population([5, 9, 12])
    sizes = []
    for method in (FedCMI(dominance=dominance), OnItsNetwork()):
        engine: Engine = make_engine(method, people)
        play(engine, 2)
        sizes.append({k: v for k, v in engine.log.traffic.items() if "envelope" not in k[2]})
    extra = set(sizes[0]) - set(sizes[1])
    assert {k: sizes[0][k] for k in sizes[1]} == sizes[1]
    up = {block: sizes[0]["up", c, block] for direction, c, block in extra if direction == "up"}
    two = {"confidence.acc": 2 * 8, "confidence.gyro": 2 * 8}
    assert up == (two if dominance == "server" else {}), "a sum and a count a modality"


def test_one_classifier_serves_both_projections(built: Make) -> None:
    _, model, batch = built()
    params = {n: v + 1 if n == "classify.acc.bias" else v for n, v in model.initial.items()}
    before, after = (model.parts(p, batch) for p in (model.initial, params))
    for part in ("self", "foreign"):
        assert torch.allclose(after[part]["acc"] - before[part]["acc"], torch.tensor(1.0))
        assert torch.equal(after[part]["gyro"], before[part]["gyro"])


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_missing_values_are_never_read(
    make_engine: Make, make_population: Make, play: Make, same: Make, engine: str
) -> None:
    people: Population = make_population([5, 9, 14], missing="sample")
    poisoned = replace(people, clients=tuple(poison(c) for c in people.clients))
    found = [
        play(make_engine(FedCMI(warmup=0), p, kind=ENGINES[engine], train=TrainSettings(batch_size=4)), 2)
        for p in (people, poisoned)
    ]
    assert all(bool(v.isfinite().all()) for v in found[1].values())
    assert same(*found)


def poison(client: ClientData) -> ClientData:
    def spoilt(samples: Samples) -> Samples:
        nan = torch.tensor(float("nan"))
        x = {m: v.where(samples.present[m][:, None, None], nan) for m, v in samples.x.items()}
        return replace(samples, x=x)

    return replace(client, train=spoilt(client.train), test=spoilt(client.test))


@pytest.mark.parametrize("fusion", ["film", "gated"])
def test_fusions_of_two_refuse_three(make_model: Make, make_population: Make, fusion: str) -> None:
    make_model(make_population([5]), method=FedCMI(fusion=fusion))
    with pytest.raises(UserError, match="is of two modalities, and there are 3"):
        make_model(make_population([5], ("acc", "gyro", "mag")), method=FedCMI(fusion=fusion))


@pytest.mark.parametrize(
    "options",
    [
        {"dominance": "batch"},
        {"dominance": "server"},
        {"self_ce": "weak"},
        {"fusion": "sum"},
        {"projector": "linear"},
        {"class_temperature": False},
    ],
)
def test_every_option_runs_alike_on_every_engine(
    make_engine: Make, make_population: Make, play: Make, apart: Make, options: dict[str, Any]
) -> None:
    people = make_population([5, 1, 14], ("acc", "gyro", "mag"), missing="sample")
    train = TrainSettings(batch_size=4, lr=0.05)
    first, *others = (play(make_engine(FedCMI(**options), people, kind=k, train=train), 3) for k in ENGINES.values())
    assert all(apart(first, other) < 1e-5 for other in others)


EASY, HARD = 2.0, 0.5


def easy_and_hard(names: tuple[str, str], rows: int, key: str) -> Samples:
    """Rows of three classes: the first modality shows the class plainly, the second under noise."""
    source = generator(11, "easy and hard", key)
    label = torch.randint(3, (rows,), generator=source)
    x = {}
    for name, strength in zip(names, (EASY, HARD), strict=True):
        centre = torch.nn.functional.one_hot(label, 6).float().reshape(rows, 2, 3) * strength
        x[name] = centre + 0.5 * torch.randn(rows, 2, 3, generator=source)
    present = {name: torch.ones(rows, dtype=torch.bool) for name in names}
    return Samples(x, present, label, torch.arange(rows))


@pytest.fixture(scope="module")
def taught(make_engine: Make, make_population: Make, play: Make) -> Callable[..., Iterator[Any]]:
    """The method after some rounds on an easy and a hard modality, and rows that nobody trained on."""

    def go(names: tuple[str, str], **options: Any) -> tuple[FedCMI, Samples]:
        people = make_population([5, 5, 5], sorted(names))
        clients = tuple(
            ClientData(i, str(i), easy_and_hard(names, 120, f"{i}"), easy_and_hard(names, 10, f"t{i}"))
            for i in range(3)
        )
        held = easy_and_hard(names, 600, "held")
        people = replace(people, clients=clients, test=held)
        method = FedCMI(mu=0.01, **options)
        play(make_engine(method, people, kind=Sequential, train=TrainSettings(batch_size=16, lr=0.05)), 8)
        return method, held

    return go  # type: ignore[return-value]


def accuracy(method: FedCMI, held: Samples, part: str, modality: str) -> float:
    batch = held.batch(torch.arange(len(held)))
    logits = method.model.parts(method.weights, batch, train=False)[part][modality]
    return float((logits.argmax(1) == held.label).float().mean())


@pytest.mark.slow
def test_the_weak_modality_learns_from_the_strong_one(taught: Make) -> None:
    (with_it, held), (without, _) = (taught(("acc", "gyro"), infiltration_weight=c2) for c2 in (1.0, 0.0))
    assert accuracy(with_it, held, "foreign", "gyro") > accuracy(without, held, "foreign", "gyro") + 0.1
    assert accuracy(with_it, held, "self", "gyro") > accuracy(without, held, "self", "gyro") - 0.03


@pytest.mark.slow
@pytest.mark.parametrize("names", [("acc", "gyro"), ("gyro", "acc")])
def test_the_easy_modality_dominates_whatever_it_is_called(taught: Make, names: tuple[str, str]) -> None:
    method, held = taught(names)
    batch = held.batch(torch.arange(len(held)))
    sums = {n: v.sum(0) for n, v in method._confidences(method.weights, batch, {}).items()}
    found = directions(sums, ["acc", "gyro"], 2.0, 1.0)
    assert found["dominant"].tolist() == [float(m == names[0]) for m in ("acc", "gyro")]


def test_a_setting_of_other_networks_is_refused_not_ignored(make_population: Make) -> None:
    people = make_population([5])
    with pytest.raises(UserError, match=r"fedcmi has a fusion of its own: say fusion=..., not model.fusion=concat"):
        FedCMI().assembly()({}, people.task, ModelSettings(fusion="concat"))
