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
from counterpoint.engines import Engine, Sequential, Stacked, stacked
from counterpoint.engines.many import ManyClients
from counterpoint.exchange import Tensors
from counterpoint.methods import METHODS
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


@pytest.mark.parametrize(("at_once", "expected"), [(1, [1] * 6), (2, [2, 2, 2]), (4, [4, 2]), (100, [6])])
@pytest.mark.parametrize("name", ["fedavg", "scaffold"])
def test_the_result_does_not_depend_on_how_many_run_at_once(
    make_engine: Make,
    make_population: Make,
    play: Make,
    apart: Make,
    groups: list[int],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    at_once: int,
    expected: list[int],
):
    people = make_population(RAGGED, missing="sample")
    reference = everything(make_engine(METHODS[name](), people), play)
    engine = make_engine(METHODS[name](), people, kind=Stacked)
    one = stacked.BYTES_AT_ONCE // engine._at_once(("acc", "gyro"))
    monkeypatch.setattr(stacked, "BYTES_AT_ONCE", int(one * (at_once + 0.5)))
    found = everything(engine, play)
    assert groups == expected * (2 + 3), "two rounds, three questions"
    assert list(found) == list(reference)
    assert all(apart(found[key], reference[key]) < (1e-6 if key == "weights" else 1e-4) for key in found)


def test_clients_of_one_structure_run_together(make_engine: Make, make_population: Make, play: Make, groups: list[int]):
    play(make_engine(people=make_population(RAGGED, missing="client"), kind=Stacked))
    assert groups == [1, 1, 4], "client 0 lacks acc, client 1 lacks gyro"
    play(make_engine(people=make_population(RAGGED), kind=Stacked, participation=0.5))
    assert groups[3:] == [3]


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
    [(lambda: nn.BatchNorm1d(8), "inner.1 (BatchNorm1d)"), (lambda: nn.Dropout(0.5), "inner.1 (Dropout)")],
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
