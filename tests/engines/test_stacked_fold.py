"""Functions folded over the rows of a stack of clients, beside each of them alone."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch

from counterpoint.data.holdout import hold_out
from counterpoint.data.samples import Batch
from counterpoint.engines.handle import FOLD_ROWS
from counterpoint.engines.many import STACKED_FOLD_ROWS
from counterpoint.exchange import Tensors, Weights
from counterpoint.methods import Client

Make = Callable[..., Any]
RAGGED = (1, 40, 4, 5, 17)


def scaled(client: Client, params: Tensors) -> Tensors:
    """Parameters that differ between clients."""
    return client.map(lambda p, n: {name: v * (1 + n / 20) for name, v in p.items()}, params, client.sizes)


def rows(method: Any) -> Callable[..., Any]:
    def fn(params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensors:
        logits = method.model(params, batch)
        right = logits.argmax(1) == batch.label
        index = batch.index * using.get("by", 1)
        return {"logits": logits, "index": index, "right": right, "few": right.to(torch.uint8)}

    return fn


@pytest.mark.parametrize("reduce", ["sum", "mean"])
@pytest.mark.parametrize("params", ["common", "own"])
@pytest.mark.parametrize("using", ["nothing", "common", "own"])
@pytest.mark.parametrize("over", ["train", "test", "global_test"])
def test_fold(both: Make, make_population: Make, reduce: Any, params: str, using: str, over: str):
    sizes = (1, STACKED_FOLD_ROWS, STACKED_FOLD_ROWS + 1, FOLD_ROWS + 5, 7)

    def program(method: Any, client: Client, received: Any) -> Tensors:
        start = client.load({})
        mine = scaled(client, start) if params == "own" else start
        given = {"nothing": {}, "common": {"by": torch.tensor(3)}, "own": {"by": client.sizes}}[using]
        fn = rows(method)

        def floats(p: Tensors, b: Batch, u: Mapping[str, Any]) -> Tensors:
            return {name: value.double() for name, value in fn(p, b, u).items()}

        found = client.fold(floats, mine, using=given, over=over, reduce=reduce)
        if reduce == "sum":
            found |= {f"whole {n}": v for n, v in client.fold(fn, mine, using=given, over=over).items()}
        return {**found, "one": client.fold(method.loss, mine, using=given, over=over, reduce=reduce)}

    people = make_population(sizes, missing="sample", test=FOLD_ROWS + 3)
    both(program, people).visit(atol=1e-5)


@pytest.mark.parametrize("params", ["common", "own"])
@pytest.mark.parametrize("over", ["test", "global_test"])
def test_rows_are_concatenated_in_order(both: Make, params: str, over: str):
    def program(method: Any, client: Client, received: Any) -> Tensors:
        start = client.load({})
        mine = scaled(client, start) if params == "own" else start
        return client.fold(rows(method), mine, over=over, reduce="concatenate")

    found = both(program, RAGGED).visit()
    assert found[2]["index"].tolist() == list(range(4 if over == "test" else 10))


def test_rows_of_unequal_clients_in_one_stack_are_an_error(both: Make):
    pair = both(lambda m, c, r: c.fold(rows(m), c.load({}), reduce="concatenate"), (3, 4))
    pair.stacked.begin(1)
    with pytest.raises(TypeError, match="unequal numbers of samples"):
        pair.stacked.visit([0, 1], pair.stacked.method.answer, Weights())


@pytest.mark.parametrize("params", ["common", "own"])
def test_splits_without_rows(both: Make, make_population: Make, make_samples: Make, params: str):
    people = make_population((5, 3, 4))
    lacking = [replace(c, test=make_samples(0)) if c.id < 2 else c for c in people.clients]

    def program(method: Any, client: Client, received: Any) -> Tensors:
        start = client.load({})
        return {"sum": client.fold(method.loss, scaled(client, start) if params == "own" else start, over="test")}

    pair = both(program, replace(people, clients=tuple(lacking)))
    assert [float(v["sum"]) > 0 for v in pair.visit().values()] == [False, False, True]
    pair.visit([0, 1])


@pytest.mark.parametrize("reduce", ["sum", "mean"])
@pytest.mark.parametrize("params", ["common", "own"])
@pytest.mark.parametrize("over", ["train", "test", "global_test"])
def test_a_function_that_mixes_rows_sees_whole_batches(both: Make, reduce: Any, params: str, over: str):
    """Of 40 rows five batches of 8, of 17 two, of 4 one of 4; of the ten of the global test one."""

    def mixed(method: Any) -> Callable[..., Any]:
        def fn(p: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensors:
            logits = method.model(p, batch).double()
            other = torch.where(batch.mask[:, None], logits, 0.0).sum(0)
            return {"spread": (logits - other).square().sum(1), "rows": batch.mask.sum().expand(len(logits)).double()}

        return fn

    def program(method: Any, client: Client, received: Any) -> Tensors:
        start = client.load({})
        mine = scaled(client, start) if params == "own" else start
        return client.fold(mixed(method), mine, over=over, reduce=reduce, batches=8)

    found = both(program, RAGGED).visit(atol=1e-5)
    if reduce == "sum":
        sizes = {"train": RAGGED, "test": [4] * 5, "global_test": [10] * 5}[over]
        seen = [n * n if n < 8 else n // 8 * 64 for n in sizes]
        assert [int(answer["rows"]) for answer in found.values()] == seen


def test_rows_that_are_held_out_are_a_split(both: Make, make_population: Make):
    people = hold_out(make_population((2, 30, 5), missing="sample"), 0.2, seed=3)
    held = [len(c.held) for c in people.clients]
    assert held == [1, 6, 1] and [len(c.train) for c in people.clients] == [1, 24, 4]

    def program(method: Any, client: Client, received: Any) -> Tensors:
        return client.fold(lambda p, b, u: {"n": b.mask.long(), "label": b.label}, client.load({}), over="held")

    for answer, count in zip(both(program, people).visit().values(), held, strict=True):
        assert {n: int(v) for n, v in answer.items()} == {"n": count, "label": -count}, "labels are hidden"
