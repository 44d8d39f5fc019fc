"""The stacked engine around its stacks: who runs together, in which order, and what cannot be stacked."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from counterpoint.data import Population
from counterpoint.data.samples import Batch
from counterpoint.engines import Engine, Sequential, Stacked, many, steps
from counterpoint.engines.many import ManyClients
from counterpoint.exchange import Tensors
from counterpoint.methods import METHODS, FedAvg, TrainSettings
from counterpoint.models import Model, ModelSettings, build_model
from counterpoint.models.present import encode_present

Make = Callable[..., Any]
RAGGED = (5, 1, 14, 40, 3, 8)


def everything(engine: Engine, play: Make, rounds: int = 2) -> dict[str, Tensors]:
    """Weights after some rounds, and what every scoring program says."""
    found = {"weights": play(engine, rounds)}
    method = engine.method
    for program in (method.score_before, method.score_after, method.score_after_global):
        for client, answer in engine.ask(engine.clients, program, method.offer()).items():
            found[f"{program.__name__} {client}"] = answer.sums
    return found


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many clients each stack has had."""
    sizes: list[int] = []
    plain = ManyClients.__init__

    def counting(self: ManyClients, *args: Any, **kwargs: Any) -> None:
        sizes.append(len(kwargs["keys"]))
        plain(self, *args, **kwargs)

    monkeypatch.setattr(ManyClients, "__init__", counting)
    return sizes


@pytest.mark.parametrize(("width", "expected"), [(1, []), (2, [6]), (4, [6]), (100, [6])])
@pytest.mark.parametrize("name", ["fedavg", "scaffold"])
def test_the_result_does_not_depend_on_how_many_run_at_once(
    make_engine: Make,
    make_population: Make,
    play: Make,
    apart: Make,
    groups: list[int],
    name: str,
    width: int,
    expected: list[int],
):
    people = make_population(RAGGED, missing="sample")
    reference = everything(make_engine(METHODS[name](), people), play)
    engine = make_engine(METHODS[name](), people, kind=Stacked, stack=width)
    found = everything(engine, play)
    assert groups == expected * (2 + 3), "two rounds, three questions; one by one there is no stack"
    assert list(found) == list(reference)
    assert all(apart(found[key], reference[key]) < (1e-6 if key == "weights" else 1e-4) for key in found)


@pytest.mark.parametrize(
    ("width", "clients", "expected"),
    [
        (2, (0, 1, 2, 3, 4, 5), [2, 2, 2]),
        (4, (0, 1, 2, 3, 4, 5), [3, 3]),
        (5, (0, 1, 2, 3, 4, 5), [6]),
        (4, (3, 1), [2]),
        (4, (2,), []),
        (1, (0, 1, 2, 3, 4, 5), []),
    ],
)
def test_steps_are_taken_by_stacks_of_about_that_width(
    make_engine: Make,
    make_population: Make,
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    clients: tuple[int, ...],
    expected: list[int],
):
    """How many clients take the first step of a training together: as equally many as can be."""
    sizes: list[int] = []
    plain = many.descend

    def counting(optimizer: Any, turns: Any, tensors: Tensors, *args: Any) -> None:
        sizes.append(len(next(iter(tensors.values()))))
        plain(optimizer, turns, tensors, *args)

    monkeypatch.setattr(many, "descend", counting)
    engine = make_engine(people=make_population(RAGGED), kind=Stacked, stack=width)
    engine.begin(1)
    engine.visit(clients, engine.method.local, engine.method.offer())
    assert sizes == expected


def test_clients_of_one_structure_run_together(make_engine: Make, make_population: Make, play: Make, groups: list[int]):
    play(make_engine(people=make_population(RAGGED, missing="client"), kind=Stacked))
    assert groups == [4], "client 0 lacks acc, client 1 lacks gyro: each is alone, and goes through the loop"
    play(make_engine(people=make_population(RAGGED), kind=Stacked, participation=0.5))
    assert groups[1:] == [3]


def test_who_else_takes_part_and_in_which_order_is_irrelevant(
    make_engine: Make, make_population: Make, apart: Make, same: Make
):
    def uploads(people: Population, clients: list[int]) -> dict[int, Tensors]:
        engine = make_engine(people=people, kind=Stacked)
        engine.begin(1)
        return {u.client: u.weights for u in engine.visit(clients, engine.method.local, engine.method.offer())}

    people = make_population(RAGGED, missing="sample")
    turned = replace(people, clients=people.clients[::-1])
    whole = uploads(people, [0, 1, 2, 3, 4, 5])
    assert all(same(whole[c], again) for c, again in uploads(people, [4, 2, 0, 5, 1, 3]).items())
    for found in (uploads(turned, [0, 1, 2, 3, 4, 5]), uploads(people, [5, 1, 3]), uploads(people, [2])):
        assert all(apart(whole[c], found[c]) < 1e-6 for c in found)


@pytest.mark.parametrize("missing", ["none", "client", "sample"])
def test_answers_come_in_the_order_of_clients(make_engine: Make, make_population: Make, play: Make, missing: str):
    people = make_population(RAGGED, missing=missing)
    people = replace(people, clients=people.clients[::-1])
    orders = []
    for kind in (Sequential, Stacked):
        engine = make_engine(people=people, kind=kind)
        play(engine)
        ticks: list[int] = []
        engine.tick = lambda ticks=ticks: ticks.append(1)
        uploads = engine.visit([5, 0, 1], engine.method.local, engine.method.offer())
        answers = engine.ask([5, 0, 1], engine.method.score_before, engine.method.offer())
        orders.append(([u.client for u in uploads], list(answers), len(ticks)))
    assert orders == [([0, 1, 5], [0, 1, 5], 3)] * 2


@pytest.mark.parametrize("fusion", ["mean", "concat"])
@pytest.mark.parametrize("encoder", ["cnn", "gru"])
def test_masked_values_influence_no_bit(
    make_engine: Make, make_population: Make, play: Make, same: Make, fusion: Any, encoder: Any
):
    people = make_population((5, 1, 14), ("acc", "gyro", "text"), missing="sample")
    members = tuple(replace(c, train=with_nan(c.train), test=with_nan(c.test)) for c in people.clients)
    poisoned = replace(people, clients=members, test=with_nan(people.test))
    results = []
    for each in (people, poisoned):
        model = build_model(each.modalities, each.task, ModelSettings(fusion=fusion, encoder=encoder, width=8), 0)
        results.append(everything(make_engine(people=each, model=model, kind=Stacked), play, 1))
    clean, bad = results
    assert len(clean) == 1 + 3 * 3 and all(same(clean[key], bad[key]) for key in clean)


def with_nan(samples: Any) -> Any:
    nan = torch.tensor(float("nan"))
    return replace(samples, x={m: torch.where(samples.present[m].view(-1, 1, 1), v, nan) for m, v in samples.x.items()})


class Unstackable(nn.Module):
    """Of one modality; a layer of each kind that cannot be stacked."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.first, self.inner, self.head = nn.Linear(6, 8), nn.Sequential(nn.ReLU(), layer), nn.Linear(8, 3)

    def forward(self, batch: Batch) -> Tensor:
        return self.head(self.inner(self.first(batch.x["acc"].flatten(1))))


@pytest.mark.parametrize(
    ("layer", "said"),
    [(lambda: nn.BatchNorm1d(8), "inner.1 (BatchNorm1d)"), (lambda: nn.AlphaDropout(0.5), "inner.1 (AlphaDropout)")],
)
@pytest.mark.parametrize("name", ["fedavg", "scaffold", "local"])
def test_what_cannot_be_stacked_runs_as_on_the_reference(
    make_engine: Make,
    make_population: Make,
    make_model: Make,
    play: Make,
    same: Make,
    caplog: pytest.LogCaptureFixture,
    layer: Callable[[], nn.Module],
    said: str,
    name: str,
):
    people = make_population((8, 12, 16), ["acc"])
    results = []
    with caplog.at_level(logging.INFO, logger="counterpoint"):
        for kind in (Sequential, Stacked):
            model = make_model(people, builder=lambda modalities, task: Unstackable(layer()))
            results.append(everything(make_engine(METHODS[name](), people, model=model, kind=kind), play))
    assert all(same(results[0][key], results[1][key]) for key in results[0]), "to the bit"
    lines = [r.getMessage() for r in caplog.records if "cannot be stacked" in r.getMessage()]
    assert lines == [f"clients run one at a time: {said} cannot be stacked"]


class OneUnstackable(nn.Module):
    """An encoder a modality; that of gyro has a layer that cannot be stacked."""

    def __init__(self, modalities: Any, task: Any) -> None:
        super().__init__()
        classes = len(task.classes)
        last = {m: nn.AlphaDropout(0.5) if m == "gyro" else nn.ReLU() for m in modalities}
        self.vote = nn.ModuleDict({m: nn.Sequential(nn.Flatten(), nn.Linear(6, classes), last[m]) for m in modalities})

    def forward(self, batch: Batch) -> Tensor:
        width = self.vote["acc"][1].out_features
        votes = [encode_present(self.vote[m], batch.x[m], batch.present[m], width) for m in sorted(batch.x)]
        return torch.stack(votes).sum(0)


def test_only_those_who_have_the_layer_run_one_at_a_time(
    make_engine: Make,
    make_population: Make,
    make_model: Make,
    play: Make,
    apart: Make,
    caplog: pytest.LogCaptureFixture,
):
    people = make_population((8, 12, 16, 9, 5, 7))
    lost = {0: "gyro", 1: "gyro", 3: "gyro", 5: "acc"}
    members = [
        replace(c, train=c.train.without(lost[c.id]), test=c.test.without(lost[c.id])) if c.id in lost else c
        for c in people.clients
    ]
    people = replace(people, clients=tuple(members))
    results = []
    with caplog.at_level(logging.INFO, logger="counterpoint"):
        for kind in (Sequential, Stacked):
            model = make_model(people, builder=OneUnstackable)
            engine = make_engine(people=people, model=model, kind=kind)
            results.append(dict(play(engine)))
    assert apart(*results) < 1e-5
    widths = {work: stack["clients a stack"] for work, stack in engine.profile.stacks.items()}
    assert widths == {"local, acc": 3, "local, acc+gyro": 1, "local, gyro": 1}
    lines = [r.getMessage() for r in caplog.records if "one at a time" in r.getMessage()]
    assert lines == ["clients run one at a time: vote.gyro.2 (AlphaDropout) cannot be stacked"]


class Normed(nn.Module):
    """Votes of each modality's rows of length one: a row of zeros has no direction, and its gradient is NaN."""

    def __init__(self, modalities: Any, task: Any) -> None:
        super().__init__()
        self.vote = nn.ModuleDict({m: nn.Linear(6, len(task.classes)) for m in sorted(modalities)})

    def forward(self, batch: Batch) -> Tensor:
        found = []
        for m in sorted(batch.x):
            encoder = nn.Sequential(nn.Flatten(), _Direction(), self.vote[m])
            found.append(encode_present(encoder, batch.x[m], batch.present[m], self.vote[m].out_features))
        return torch.stack(found).sum(0)


class _Direction(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x / x.norm(dim=1, keepdim=True)


def test_absent_rows_are_not_asked_for_as_zeros(
    make_population: Callable[..., Population],
    make_model: Callable[..., Model],
    make_engine: Callable[..., Engine],
    play: Callable[..., Any],
    apart: Callable[..., float],
) -> None:
    people = make_population(missing="sample")
    weights = [
        play(make_engine(people=people, model=make_model(people, builder=Normed), kind=kind))
        for kind in (Sequential, Stacked)
    ]
    assert all(value.isfinite().all() for value in weights[1].values())
    assert apart(*weights) < 1e-6


ON_THE_SERVER = {"centralized", "mm-centralized", "clip-centralized", "server-only"}
"""Methods in which no client trains."""
BUILT_ANEW = {"fedmekt", "dccae"}
"""Methods whose steps are not recorded: a second batch has other numbers of rows here; singular values are no recorded
operation."""


@pytest.mark.parametrize("missing", ["none", "client", "sample"])
@pytest.mark.parametrize("name", sorted(set(METHODS) - ON_THE_SERVER - BUILT_ANEW))
def test_recorded_steps_agree_with_the_reference(
    make_engine: Make,
    make_population: Make,
    play: Make,
    apart: Make,
    calm: Make,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    missing: str,
):
    monkeypatch.setattr(steps, "WORTH", 0)
    people = make_population((5, 1, 14, 8, 6), missing=missing)
    train = TrainSettings(epochs=2, batch_size=4, lr=METHODS[name].usual_lr)
    reference, engine = (make_engine(calm(name), people, kind=kind, train=train) for kind in (Sequential, Stacked))
    expected, found = play(reference, 3), play(engine, 3)
    assert apart(found, expected) < 1e-5
    assert engine.profile.recorded
    learnt, wanted = (each.memories() if name == "local" else {} for each in (engine, reference))
    for holder, values in wanted.items():
        assert apart(learnt[holder]["model"], values["model"]) < 1e-5, holder


@pytest.mark.parametrize(
    "settings", [{}, {"momentum": 0.9}, {"weight_decay": 0.1}, {"optimizer": "adam", "lr": 0.01}], ids=str
)
def test_recorded_steps_of_every_optimiser(
    make_engine: Make, make_population: Make, play: Make, apart: Make, monkeypatch: pytest.MonkeyPatch, settings: Any
):
    """Steps that move tensors as they are computed, and those that hand gradients to an optimiser."""
    monkeypatch.setattr(steps, "WORTH", 0)
    people = make_population(RAGGED, missing="sample")
    train = TrainSettings(**{"epochs": 2, "batch_size": 4, "lr": 0.1} | settings)
    weights = []
    for kind, stack in ((Sequential, None), (Stacked, 64), (Stacked, 2)):
        engine = make_engine(people=people, kind=kind, train=train, **({"stack": stack} if stack else {}))
        weights.append(play(engine, 2))
        assert kind is Sequential or engine.profile.recorded == 1
    assert apart(weights[0], weights[1]) < 1e-5 and apart(weights[0], weights[2]) < 1e-5


class Branching(FedAvg):
    """A loss that looks at its own value, which a stack has not one of."""

    def loss(self, params: Any, batch: Any, using: Any) -> Tensor:
        value = super().loss(params, batch, using).mean()
        return value if value > 0.5 else 2 * value


class Guarded(Branching):
    """It remembers before it trains: the loop begins where the stack began."""

    def local(self, client: Any, received: Any) -> Any:
        client.memory["visits"] = client.map(lambda n: n + 1, client.memory.get("visits", torch.zeros(())))
        return super().local(client, received)


@pytest.mark.parametrize("stack", [4, None], ids=["told", "measured"])
@pytest.mark.parametrize("kind", [Branching, Guarded])
def test_what_a_stack_cannot_do_goes_through_the_loop(
    make_engine: Make,
    make_population: Make,
    play: Make,
    same: Make,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
    stack: int | None,
    kind: type[FedAvg],
):
    monkeypatch.setenv("COUNTERPOINT_CACHE", str(tmp_path))
    people = make_population((5, 9, 3, 7, 8, 4, 6, 5, 2), missing="sample")
    expected = play(make_engine(kind(), people), 3)
    with caplog.at_level(logging.INFO, logger="counterpoint"):
        engine = make_engine(kind(), people, kind=Stacked, stack=stack)
        assert same(play(engine, 3), expected), "to the bit"
    (line,) = [r.getMessage() for r in caplog.records if "one at a time" in r.getMessage()]
    assert "vmap" in line and "data-dependent" in line and "\n" not in line
    if kind is Guarded:
        assert all(values["visits"] == 3 for values in engine.memories().values())


class Failing(FedAvg):
    def loss(self, params: Any, batch: Any, using: Any) -> Tensor:
        raise ZeroDivisionError("its own error")


@pytest.mark.parametrize("stack", [1, 4])
def test_a_program_that_fails_raises_its_own_error(make_engine: Make, make_population: Make, play: Make, stack: int):
    with pytest.raises(ZeroDivisionError, match="its own error"):
        play(make_engine(Failing(), make_population(RAGGED), kind=Stacked, stack=stack))


@pytest.mark.parametrize("missing", ["none", "client", "sample"])
@pytest.mark.parametrize("stack", [1, 2, 64])
def test_a_stream_yields_every_upload_once(
    make_engine: Make, make_population: Make, same: Make, missing: str, stack: int
):
    people = make_population((5, 9, 3, 7, 8, 4, 6, 5, 2), missing=missing)
    asked = [8, 0, 1, 4, 5, 3]

    def ready() -> Engine:
        engine = make_engine(people=people, kind=Stacked, stack=stack)
        engine.begin(1)
        return engine

    streaming, visiting = ready(), ready()
    ticks: list[int] = []
    streaming.tick = lambda: ticks.append(1)
    many = list(streaming.stream(asked, streaming.method.local, streaming.method.offer()))
    clients = [client for each in many for client in each.clients]
    assert sorted(clients) == sorted(asked) and len(ticks) == len(asked)
    streamed = {upload.client: upload.weights for each in many for upload in each.each()}
    uploads = visiting.visit(asked, visiting.method.local, visiting.method.offer())
    assert [upload.client for upload in uploads] == sorted(asked)
    assert all(same(streamed[upload.client], upload.weights) for upload in uploads)
    assert streaming.log.traffic == visiting.log.traffic and streaming.profile.visits == len(asked)


@pytest.mark.parametrize("stack", [1, 4])
def test_each_client_gets_its_own_package(make_engine: Make, make_population: Make, apart: Make, stack: int):
    """Packages of one form are received together; one of another form is a stack of its own."""
    people = make_population(RAGGED)
    answers = []
    for kind in (Sequential, Stacked):
        engine = make_engine(people=people, kind=kind, **({"stack": stack} if kind is Stacked else {}))
        engine.begin(1)
        offer = engine.method.offer()
        packages = {
            c: type(offer)({n: v * (1 + 0.1 * c) for n, v in offer.weights.items()}) if c != 3 else offer
            for c in engine.clients
        }
        part = {n: v for n, v in offer.weights.items() if n.startswith("head")}
        packages[4] = type(offer)(part)
        uploads = engine.visit(engine.clients, engine.method.local, packages)
        answers.append(({u.client: u.weights for u in uploads}, engine.log.traffic))
    (expected, traffic), (found, counted) = answers
    assert list(found) == list(expected) and counted == traffic
    assert all(apart(found[c], expected[c]) < 1e-6 for c in found)
    assert apart(found[0], found[1]) > 1e-3


class Spoiling(FedAvg):
    """Clients of 9 and of 4 rows send NaN, that of 6 rows counts wrongly."""

    def local(self, client: Any, received: Any) -> Any:
        result = super().local(client, received)
        spoiled = {n: client.map(_spoil, v, client.sizes) for n, v in result.weights.items()}
        samples = client.map(lambda n: torch.where(n == 6, -n, n), client.sizes)
        return type(result)(spoiled, samples)


def _spoil(value: Tensor, rows: Tensor) -> Tensor:
    return torch.where((rows == 9) | (rows == 4), float("nan"), value)


@pytest.mark.parametrize("stack", [1, 2, 64])
def test_refused_uploads_of_a_stack_are_named_and_the_others_kept(
    make_engine: Make, make_population: Make, apart: Make, stack: int
):
    people = make_population((5, 9, 3, 7, 8, 4, 6, 5, 2))
    told = []
    for kind in (Sequential, Stacked):
        engine = make_engine(Spoiling(), people, kind=kind, **({"stack": stack} if kind is Stacked else {}))
        engine.begin(1)
        many = list(engine.stream(engine.clients, engine.method.local, engine.method.offer()))
        kept = {upload.client: upload.weights for each in many for upload in each.each()}
        told.append((kept, sorted(engine.log.refused), engine.log.traffic))
    (expected, refused, traffic), (found, again, counted) = told
    assert sorted(found) == sorted(expected) == [0, 2, 3, 4, 7, 8]
    assert [client for client, _ in again] == [1, 5, 6] and again == refused and counted == traffic
    assert "NaN" in again[0][1] and "whole number" in again[2][1]
    assert all(apart(found[c], expected[c]) < 1e-6 for c in found)
