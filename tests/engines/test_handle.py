"""What else a client's handle offers: fold, map, load, memory, randomness."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.engines.handle import FOLD_ROWS
from counterpoint.engines.memory import ClientMemory
from counterpoint.exchange import Tensors
from counterpoint.models import is_training, training

Make = Callable[..., Any]


def index(params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
    return batch.index


@pytest.mark.parametrize("rows", [1, FOLD_ROWS - 1, FOLD_ROWS, FOLD_ROWS + 1, 2 * FOLD_ROWS + 1])
def test_fold_sees_every_row_once_in_order(make_client: Make, rows: int):
    client = make_client(rows)
    assert client.fold(index, {}, reduce="concatenate").tolist() == list(range(rows))
    assert int(client.fold(index, {})) == rows * (rows - 1) // 2
    mean = client.fold(lambda p, b, u: b.index.double(), {}, reduce="mean")
    assert float(mean) == pytest.approx((rows - 1) / 2), "the mean is over rows, not over chunks"


def test_fold_reduces_named_rows_each_by_itself(make_client: Make):
    def both(params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensors:
        return {"one": torch.ones(len(batch)), "pair": torch.stack([batch.index, -batch.index], 1) * using["factor"]}

    sums = make_client(FOLD_ROWS + 1).fold(both, {}, using={"factor": torch.tensor(2)})
    assert float(sums["one"]) == FOLD_ROWS + 1
    assert sums["pair"].tolist() == [FOLD_ROWS * (FOLD_ROWS + 1), -FOLD_ROWS * (FOLD_ROWS + 1)]


def test_fold_has_no_gradient_and_models_only_answer(make_client: Make):
    client = make_client(5)
    seen: list[tuple[bool, bool]] = []

    def fn(params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        seen.append((torch.is_grad_enabled(), is_training()))
        return params["w"] * batch.index

    with training(True):
        result = client.fold(fn, {"w": torch.tensor(2.0, requires_grad=True)})
    assert seen == [(False, False)] and not result.requires_grad and float(result) == 20


def test_fold_over_another_split(make_client: Make):
    assert make_client(3).fold(index, {}, over="test", reduce="concatenate").tolist() == [0, 1, 2, 3, 4, 5]


def test_fold_over_nothing_sums_to_zero(make_client: Make, make_samples: Make):
    client = make_client(make_samples(0))
    logits = client.fold(lambda p, b, u: client._model(p, b), client.load({}))
    assert logits.tolist() == [0, 0, 0] and int(client.sizes) == 0 and int(client.steps()) == 0
    assert client.train(client.load({}), lambda p, b, u: p["head.bias"].sum()).keys() == client.load({}).keys()


def test_map_is_a_function_without_gradient(make_client: Make):
    value = torch.tensor(2.0, requires_grad=True)
    result = make_client().map(lambda a, b: {"sum": a + b, "times": a * b}, value, torch.tensor(3.0))
    assert {n: float(v) for n, v in result.items()} == {"sum": 5.0, "times": 6.0}
    assert not result["sum"].requires_grad


def test_load_takes_received_then_remembered_then_initial(make_client: Make):
    memory = ClientMemory()
    client = make_client(modalities=["gyro"], memory=memory)
    initial = client._model.initial
    assert set(client.load({})) == {n for n in initial if not n.startswith("encoder.acc")}
    assert torch.equal(client.load({})["head.bias"], initial["head.bias"])
    memory["model"] = {"head.bias": torch.full((3,), 1.0), "head.weight": torch.full((3, 4), 1.0)}
    loaded = client.load({"head.bias": torch.full((3,), 2.0), "encoder.acc.out.bias": torch.ones(4)})
    assert loaded["head.bias"].tolist() == [2, 2, 2]
    assert torch.equal(loaded["head.weight"], torch.ones(3, 4))
    assert torch.equal(loaded["fusion.mix.bias"], initial["fusion.mix.bias"])
    assert "encoder.acc.out.bias" not in loaded, "what it does not own it does not load"


def test_memory_keeps_copies():
    memory = ClientMemory()
    value = torch.ones(2, requires_grad=True)
    nested = {"deep": {"value": torch.zeros(2)}}
    memory["a"], memory["b"] = value, nested
    with torch.no_grad():
        value.add_(5)
    nested["deep"]["value"].add_(5)
    nested["deep"]["new"] = torch.ones(1)
    assert memory.get("a", None).tolist() == [1, 1] and not memory.get("a", None).requires_grad
    assert {n: v.tolist() for n, v in memory.get("b", None)["deep"].items()} == {"value": [0, 0]}
    assert memory.get("c", 7) == 7
    with pytest.raises(TypeError, match="not list"):
        memory["c"] = [1, 2]


def test_draws_are_keyed_by_everything_and_by_nothing_else(make_client: Make):
    def draw(
        purpose: str = "noise", seed: int = 0, key: tuple[Any, ...] = ("client", 0, "round", 1, "visit 1")
    ) -> Tensor:
        return make_client(seed=seed, key=key).rng(purpose).normal(4)

    first = draw()
    torch.rand(10)
    assert torch.equal(first, draw())
    others = [
        draw("other"),
        draw(seed=1),
        draw(key=("client", 1, "round", 1, "visit 1")),
        draw(key=("client", 0, "round", 2, "visit 1")),
        draw(key=("client", 0, "round", 1, "visit 2")),
        draw(key=("client", 0, "round", 1, "ask local")),
        draw("train 1"),
    ]
    assert len({tuple(v.tolist()) for v in [first, *others]}) == 8


def test_each_call_draws_anew_from_one_stream(make_client: Make):
    before = torch.get_rng_state()
    draws = make_client().rng("noise")
    first, second = draws.normal(3), draws.normal(3)
    assert not torch.equal(first, second)
    whole = draws.uniform(2000)
    assert float(whole.min()) >= 0 and float(whole.max()) < 1 and 0.45 < float(whole.mean()) < 0.55
    assert set(draws.integers(3, 5, 40).flatten().tolist()) == {0, 1, 2}
    assert draws.normal().shape == () and draws.integers(9, 2, 3).shape == (2, 3)
    assert torch.equal(torch.get_rng_state(), before)
