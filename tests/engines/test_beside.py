"""A second split walked beside the first, several objectives in turn, settings of one training: on both engines."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from counterpoint.data import Batch, Population, Samples
from counterpoint.errors import UserError
from counterpoint.exchange import Tensors
from counterpoint.methods import Client, TrainSettings
from counterpoint.methods.client import Objective
from counterpoint.objectives import cross_entropy

Make = Callable[..., Any]
PROXY = 7


@pytest.fixture
def held(make_population: Make, make_samples: Make) -> Callable[..., Population]:
    """Ragged clients, some of whose labels are hidden, a proxy set and a labelled one."""

    def make(sizes: tuple[int, ...] = (5, 1, 14), missing: str = "none") -> Population:
        people: Population = make_population(sizes, missing=missing)
        proxy: Samples = make_samples(PROXY, key="proxy", gaps=0.3 if missing == "sample" else 0.0)
        hidden = replace(proxy, label=torch.full_like(proxy.label, -1))
        clients = tuple(replace(c, unlabelled=make_samples(c.id + 2, c.modalities, key="more")) for c in people.clients)
        return replace(people, clients=clients, proxy=hidden, server=make_samples(9, key="server"))

    return make


class Program:
    """A local program whose objective looks at two batches."""

    def __init__(self, **how: Any) -> None:
        self.how = how

    def __call__(self, method: Any, client: Client, received: Any) -> Tensors:
        table = torch.linspace(-1, 1, PROXY * 3).view(PROXY, 3)

        def loss(params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
            second: Batch = using["beside"]
            wanted = using["table"][second.index]
            apart = (method.model(params, second) - wanted).square().sum(1)
            return cross_entropy(method.model(params, batch), batch.label.clamp(min=0)) + second.mean(apart)

        return client.train(client.load({}), loss, using={"table": table}, beside="proxy", **self.how)


@pytest.mark.parametrize("missing", ["none", "client", "sample"])
@pytest.mark.parametrize("how", [{}, {"over": "inputs"}, {"remember": "optimizer"}, {"steps": 5}], ids=str)
@pytest.mark.parametrize("settings", [{}, {"optimizer": "adam", "lr": 0.01}], ids=str)
def test_engines_agree(both: Make, held: Make, missing: str, how: dict[str, Any], settings: dict[str, Any]) -> None:
    pair = both(Program(**how), held((5, 1, 14, 6), missing), settings=settings)
    pair.visit(atol=1e-5)
    pair.visit(atol=1e-4)


def test_the_second_batch_is_of_the_second_split_in_an_order_of_its_own(make_engine: Make, held: Make) -> None:
    people, seen = held((6,)), []

    def loss(params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        seen.append((batch.index.tolist(), using["beside"].index.tolist(), using["beside"].label.tolist()))
        return params["head.bias"].sum() * 0.0

    engine = make_engine(people=people)
    client = engine._handle(engine._splits[0], ("acc", "gyro"), engine._memory(0), ("client", 0, "round", 1, "visit"))
    client.train(client.load({}), loss, beside="proxy", settings=TrainSettings(batch_size=4, epochs=3))
    assert [len(a) for a, _, _ in seen] == [4, 2] * 3
    assert [len(b) for _, b, _ in seen] == [4, 3] * 3, "begun anew when it ends"
    assert sorted(seen[0][1] + seen[1][1]) == list(range(PROXY))
    assert all(set(labels) == {-1} for _, _, labels in seen)


def test_inputs_are_all_rows_without_labels(held: Make) -> None:
    client = held((5, 1, 14)).clients[2]
    assert len(client.inputs) == 14 + 4
    assert set(client.inputs.label.tolist()) == {-1}
    assert torch.equal(client.inputs.x["acc"][:14], client.train.x["acc"])
    assert torch.equal(client.inputs.x["acc"][14:], client.unlabelled.x["acc"])


def in_turn(first: list[str], second: list[str] | None) -> Callable[..., Tensors]:
    def program(method: Any, client: Client, received: Any) -> Tensors:
        turns = [Objective(method.loss, trainable=first), Objective(method.loss, trainable=second)]
        return client.train(client.load({}), turns)

    return program


@pytest.mark.parametrize("settings", [{}, {"momentum": 0.9}, {"optimizer": "adam", "lr": 0.01}], ids=str)
def test_objectives_in_turn_agree(both: Make, held: Make, settings: dict[str, Any]) -> None:
    both(in_turn(["encoder.acc", "head"], ["fusion", "head"]), held(), settings=settings).visit(atol=1e-5)


def test_each_objective_moves_its_own_blocks_and_what_they_share_twice(make_engine: Make, held: Make) -> None:
    engine = make_engine(people=held((4,)), train=TrainSettings(epochs=1, batch_size=4, lr=0.5))
    client = engine._handle(engine._splits[0], ("acc", "gyro"), engine._memory(0), ("client", 0, "round", 1, "visit"))

    def slope(params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        return params["head.bias"].sum() + params["fusion.mix.bias"].sum()

    start = client.load({})
    end = client.train(start, [Objective(slope, ["head"]), Objective(slope, ["head", "fusion"])])
    assert torch.allclose(start["head.bias"] - end["head.bias"], torch.tensor(1.0)), "two steps"
    assert torch.allclose(start["fusion.mix.bias"] - end["fusion.mix.bias"], torch.tensor(0.5)), "one"
    assert torch.equal(start["encoder.acc.out.weight"], end["encoder.acc.out.weight"])
    with pytest.raises(UserError, match="unknown block 'hed': did you mean 'head'"):
        client.train(start, [Objective(slope, ["hed"])])


def test_the_server_has_what_it_holds(make_engine: Make, held: Make) -> None:
    engine = make_engine(people=held())
    assert engine.server._splits.keys() == {"global_test", "pool", "inputs", "proxy", "labelled"}
    assert len(engine.server._splits["labelled"]()) == 9
    bare = make_engine()
    assert bare.server._splits.keys() == {"global_test", "pool", "inputs"}
    with pytest.raises(UserError, match="unknown split 'proxy'"):
        bare.server.fold(lambda p, b, u: b.label, {}, over="proxy")


def test_settings_of_one_training(both: Make, held: Make) -> None:
    own = TrainSettings(epochs=3, batch_size=2, lr=0.02, optimizer="adam")

    def program(method: Any, client: Client, received: Any) -> Tensors:
        return client.train(client.load({}), method.loss, settings=own)

    def usual(method: Any, client: Client, received: Any) -> Tensors:
        return client.train(client.load({}), method.loss)

    found = both(program, held(), settings={}).visit(atol=1e-5)
    same = {"epochs": 3, "batch_size": 2, "lr": 0.02, "optimizer": "adam"}
    expected = both(usual, held(), settings=same).visit(atol=1e-5)
    assert all(torch.equal(found[c][n], expected[c][n]) for c in found for n in found[c])
