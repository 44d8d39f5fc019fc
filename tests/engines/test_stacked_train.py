"""Local training of a stack of clients, beside each of them alone."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from counterpoint.data.samples import Batch
from counterpoint.exchange import Tensors
from counterpoint.methods import Client

Make = Callable[..., Any]
RAGGED = (1, 40, 4, 5, 17, 3, 8)
KINDS = [
    {},
    {"momentum": 0.9},
    {"momentum": 0.5, "weight_decay": 0.1},
    {"lr": 0.01, "optimizer": "adam"},
    {"lr": 0.01, "optimizer": "adam", "weight_decay": 0.1},
    {"lr": 0.01, "optimizer": "adamw", "weight_decay": 0.1},
]
kinds = pytest.mark.parametrize("settings", KINDS, ids=str)
TOLERANCE = {"adam": 1e-5, "adamw": 1e-5}
"""Adam divides by the root of a small number."""


def atol(settings: dict[str, Any]) -> float:
    return TOLERANCE.get(settings.get("optimizer", ""), 1e-6)


def training(**how: Any) -> Callable[..., Tensors]:
    """Train from the initial model on the method's loss."""
    return lambda method, client, received: client.train(client.load({}), method.loss, **how)


def moved(before: Tensors, after: Tensors) -> set[str]:
    return {
        ".".join(n.split(".")[: 2 if n.startswith("encoder") else 1]) for n in after if not after[n].equal(before[n])
    }


@kinds
@pytest.mark.parametrize("missing", ["none", "client", "sample"])
def test_ragged_clients(both: Make, make_population: Make, settings: dict[str, Any], missing: str):
    pair = both(training(), make_population(RAGGED, missing=missing), settings=settings)
    found = pair.visit(atol=atol(settings))
    initial = pair.stacked.model.initial
    assert len(found) == len(RAGGED) and all(moved(initial, f) >= {"fusion", "head"} for f in found.values())
    pair.visit([1, 2, 6], atol=atol(settings))


@kinds
@pytest.mark.parametrize("batch", [1, 3, 100])
def test_batches_of_any_size(both: Make, settings: dict[str, Any], batch: int):
    pair = both(training(), (1, 4, 7, 6), settings={**settings, "epochs": 1, "batch_size": batch})
    pair.visit(atol=atol(settings))


@kinds
@pytest.mark.parametrize("steps", [0, 1, 7])
def test_a_number_of_steps(both: Make, settings: dict[str, Any], steps: int):
    pair = both(training(steps=steps), (1, 5, 9), settings=settings)
    found = pair.visit(atol=atol(settings))
    assert all(bool(moved(pair.stacked.model.initial, f)) == (steps > 0) for f in found.values())


def per_client(client: Client, fn: Callable[[Tensor], Tensor]) -> Any:
    return client.map(fn, client.sizes)


def block_steps(client: Client, which: str) -> Any:
    """Steps by block; clients of 5 rows take 0 of the head and 3 of the fusion, say."""
    own = per_client(client, lambda n: n // 2)
    few = per_client(client, lambda n: torch.where(n > 5, 3, 0))
    return {
        "value": own,
        "zero for some": few,
        "by block": {"head": 2, "fusion": 5, "encoder.acc": 0},
        "by block and client": {"head": few, "fusion": own, "encoder.gyro": 1},
        "zero for all": {"head": per_client(client, lambda n: n * 0)},
        "one block": {"head": own},
    }[which]


WHICH = ("value", "zero for some", "by block", "by block and client", "zero for all", "one block")


@kinds
@pytest.mark.parametrize("which", WHICH)
def test_steps_of_each_client_and_block(both: Make, settings: dict[str, Any], which: str):
    """Whoever is idle keeps its parameters and its momentum; both visits go on from remembered state."""

    def program(method: Any, client: Client, received: Any) -> Tensors:
        start = client.load(client.memory.get("mine", method.model.initial))
        end = client.train(start, method.loss, steps=block_steps(client, which), remember="state")
        again = client.train(end, method.loss, steps=3, remember="state", trainable=["head", "encoder.acc"])
        client.memory["mine"] = again
        return again

    pair = both(program, (1, 5, 9, 6, 2), settings=settings)
    for clients in (None, [0, 2, 3], None):
        pair.visit(clients, atol=10 * atol(settings))


@kinds
def test_idle_clients_and_blocks_keep_every_bit(both: Make, settings: dict[str, Any]):
    def program(method: Any, client: Client, received: Any) -> Tensors:
        first = client.train(client.load({}), method.loss, steps=2, remember="state")
        client.memory["before"] = client.memory.get("state", {})
        few = per_client(client, lambda n: torch.where(n > 5, 3, 0))
        second = client.train(first, method.loss, steps={"head": few, "fusion": 4}, remember="state")
        return {**{f"1 {n}": v for n, v in first.items()}, **{f"2 {n}": v for n, v in second.items()}}

    pair = both(program, (9, 2, 5, 12), settings=settings)
    found = pair.visit(atol=atol(settings))
    for client, idle in enumerate((False, True, True, False)):
        heads = [n[2:] for n in found[client] if n.startswith("1 head")]
        assert heads and all(found[client][f"1 {n}"].equal(found[client][f"2 {n}"]) == idle for n in heads)
        memory = pair.stacked.memories()[str(client)]
        for name in heads:
            before, after = memory.get("before", {}).get(name, {}), memory["state"].get(name, {})
            assert bool(settings.get("momentum") or "optimizer" in settings) == bool(before)
            assert all(after[kind].equal(before[kind]) == idle for kind in before)


@kinds
def test_state_is_remembered_by_whoever_takes_part(both: Make, settings: dict[str, Any]):
    pair = both(training(remember="state", epochs=1), (5, 1, 9, 4), settings=settings)
    for clients in ([1], [0, 1, 2], [0, 1, 3], [3, 2], None):
        pair.visit(clients, atol=10 * atol(settings))
    if "optimizer" in settings:
        counts = {c: int(m["state"]["head.bias"]["steps"]) for c, m in pair.stacked.memories().items()}
        assert counts == {"0": 2 * 3, "1": 1 * 4, "2": 3 * 3, "3": 1 * 3}


def test_state_of_parameters_that_are_not_there_this_time_is_kept(both: Make):
    def program(method: Any, client: Client, received: Any) -> Tensors:
        found = {}
        for name in ("a", "b", "a"):
            start = {name: client.map(lambda n: n * torch.ones(2), client.sizes)}
            found |= client.train(start, lambda p, b, u: sum(v.square().sum() for v in p.values()), remember="state")
        return found

    pair = both(program, (5, 9), settings={"momentum": 0.9, "lr": 0.01})
    pair.visit()
    assert pair.stacked.memories()["0"]["state"].keys() == {"a", "b"}


@kinds
def test_trainable_blocks(both: Make, settings: dict[str, Any]):
    for trainable in (["head"], ["encoder.gyro", "fusion"], []):
        pair = both(training(trainable=trainable), (1, 5, 9), settings=settings)
        found = pair.visit(atol=atol(settings))
        assert all(moved(pair.stacked.model.initial, f) == set(trainable) for f in found.values())


class Frozen(nn.Module):
    def __init__(self, modalities: Any, task: Any) -> None:
        super().__init__()
        self.body = nn.Linear(6, 4).requires_grad_(False)
        self.head = nn.Linear(4, len(task.classes))
        self.head.bias.requires_grad_(False)

    def forward(self, batch: Batch) -> Tensor:
        return self.head(torch.tanh(self.body(batch.x["acc"].flatten(1))))


@kinds
def test_frozen_parameters(both: Make, make_population: Make, make_model: Make, settings: dict[str, Any]):
    people = make_population((1, 5, 9), ["acc"])
    pair = both(training(), people, settings=settings, model=make_model(people, builder=Frozen))
    for found in pair.visit(atol=atol(settings)).values():
        still = {n for n in found if found[n].equal(pair.stacked.model.initial[n])}
        assert still == {"body.weight", "body.bias", "head.bias"}
