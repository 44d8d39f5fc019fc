"""What else the handle of a stack offers: memory, values of both kinds, map, randomness."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.engines.values import Stack
from counterpoint.exchange import Tensors, Weights
from counterpoint.methods import Client

Make = Callable[..., Any]
RAGGED = (1, 40, 4, 5, 17)


def scaled(client: Client, params: Tensors) -> Tensors:
    """Parameters that differ between clients."""
    return client.map(lambda p, n: {name: v * (1 + n / 20) for name, v in p.items()}, params, client.sizes)


def test_memory_of_clients_of_whom_some_stored(both: Make):
    def program(method: Any, client: Client, received: Any) -> Tensors:
        seen = client.memory.get("seen", torch.tensor(0))
        own = client.memory.get("own", {"deep": {"size": client.sizes, "one": torch.ones(2)}})
        client.memory["seen"] = client.map(lambda n: n + 1, seen)
        client.memory["own"] = client.map(lambda v: {"deep": {k: t * 2 for k, t in v["deep"].items()}}, own)
        return {"seen": seen, **own["deep"]}

    pair = both(program, (5, 1, 9, 4))
    assert int(pair.visit([1])[1]["seen"]) == 0
    found = pair.visit()
    assert {c: int(v["seen"]) for c, v in found.items()} == {0: 0, 1: 1, 2: 0, 3: 0}
    assert {c: int(v["size"]) for c, v in found.items()} == {0: 5, 1: 2, 2: 9, 3: 4}
    found = pair.visit([3, 1, 0])
    assert {c: int(v["seen"]) for c, v in found.items()} == {0: 1, 1: 2, 3: 1}
    assert pair.stacked.memories().keys() == {"0", "1", "2", "3"}


def test_what_a_client_remembers_is_its_own_copy(both: Make):
    def program(method: Any, client: Client, received: Any) -> Tensors:
        client.memory["own"] = client.sizes
        client.memory["common"] = method.model.initial["head.bias"]
        return {}

    pair = both(program, (5, 9))
    pair.visit()
    memories = pair.stacked.memories()
    memories["0"]["common"].fill_(7)
    memories["0"]["own"].fill_(7)
    assert int(memories["1"]["own"]) == 9 and not memories["1"]["common"].eq(7).any()
    assert not pair.stacked.model.initial["head.bias"].eq(7).any()


@pytest.mark.parametrize("part", [True, False])
def test_load_takes_received_else_remembered_else_initial(both: Make, part: bool):
    """Some clients remember a model, whole or in part, and some do not."""

    def program(method: Any, client: Client, received: Weights) -> Tensors:
        start = client.load(received.weights)
        own = client.train(start, method.loss, steps=1)
        client.memory["model"] = {n: v for n, v in own.items() if not part or n.startswith("encoder")}
        return start

    pair = both(program, (5, 1, 9))
    bias = {"head.bias": torch.ones(3)}
    pair.visit([2], Weights(bias))
    for clients in ([0, 2], None):
        found = pair.visit(clients, Weights(bias))
        assert all(v["head.bias"].tolist() == [1, 1, 1] for v in found.values())
    pair.visit([1], Weights())
    pair.visit(None, Weights())


def test_using_common_and_own_values_nested(both: Make):
    def program(method: Any, client: Client, received: Any) -> Tensors:
        start = client.load({})
        own = client.map(lambda n: n / 40, client.sizes)
        using = {
            "teacher": start,
            "student": scaled(client, start),
            "nested": {"list": [own, torch.tensor(0.5)], "pair": (torch.ones(3), client.rng("x").normal(3))},
            "number": 2,
        }

        def loss(p: Tensors, b: Batch, u: Mapping[str, Any]) -> Tensor:
            apart = (method.model(u["student"], b, train=False) - method.model(p, b)).square().mean(1)
            teacher = method.model(u["teacher"], b, train=False).softmax(1)
            (own, half), (ones, noise) = u["nested"]["list"], u["nested"]["pair"]
            slope = own * half + (ones * noise).sum()
            distance = -(teacher * method.model(p, b).log_softmax(1)).sum(1)
            return apart * u["number"] + distance + slope * p["head.bias"].square().sum()

        return client.train(start, loss, using=using)

    both(program, RAGGED, settings={"lr": 0.02}).visit()


def test_map_of_what_is_common_is_computed_once_and_stays_common(both: Make):
    calls: list[type] = []

    def program(method: Any, client: Client, received: Any) -> Tensors:
        common = client.map(lambda p: calls.append(1) or p["head.bias"] * 2, client.load({}))
        own = client.map(lambda a, n: {"product": a * n, "pair": [a, n]}, common, client.sizes)
        kinds.append((type(common), type(own["product"])))
        return {"common": common, "product": own["product"], "second": own["pair"][1]}

    kinds: list[Any] = []
    pair = both(program, RAGGED)
    pair.visit()
    assert len(calls) == len(RAGGED) + 1, "once a client, and once for the stack"
    assert kinds[-1] == (Tensor, Stack)


def test_sizes_and_steps(both: Make):
    found = both(lambda m, c, r: {"sizes": c.sizes, "own": c.steps(), "three": c.steps(3)}, RAGGED).visit()
    assert {c: [int(v[k]) for k in ("sizes", "own", "three")] for c, v in found.items()} == {
        0: [1, 2, 3],
        1: [40, 20, 30],
        2: [4, 2, 3],
        3: [5, 4, 6],
        4: [17, 10, 15],
    }


def test_draws_equal_those_of_the_reference(both: Make):
    def program(method: Any, client: Client, received: Any) -> Tensors:
        noise, other = client.rng("noise"), client.rng("other")
        return {
            "a": noise.normal(3),
            "b": noise.uniform(2, 2),
            "c": noise.integers(100, 5),
            "d": other.normal(3),
            "e": other.integers(9),
        }

    pair = both(program, RAGGED)
    first, second = pair.visit(atol=0), pair.visit([4, 2], atol=0)
    assert len({tuple(v["a"].tolist()) for found in (first, second) for v in found.values()}) == 7


LOOKS: dict[str, Callable[[Client], Any]] = {
    "arithmetic": lambda client: client.sizes * 2,
    "a question": lambda client: client.sizes > 3,
    "truth": lambda client: 1 if client.sizes else 0,
    "a number": lambda client: int(client.steps()),
    "a tensor of it": lambda client: torch.ones(2) + client.rng("x").normal(2),
    "a method of tensors": lambda client: client.map(lambda n: n * 2, client.sizes).item(),
}


@pytest.mark.parametrize("how", LOOKS)
def test_a_program_that_looks_into_values_is_told(both: Make, how: str):
    pair = both(lambda m, c, r: {"x": torch.as_tensor(LOOKS[how](c))}, (5, 9))
    pair.stacked.begin(1)
    with pytest.raises(TypeError, match=r"may stand for many clients: use client\.map"):
        pair.stacked.visit([0, 1], pair.stacked.method.answer, Weights())
