"""The one training loop, through the handle of one client."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from counterpoint.data.samples import Batch
from counterpoint.engines.handle import OneClient
from counterpoint.engines.memory import ClientMemory
from counterpoint.errors import UserError
from counterpoint.exchange import Tensors
from counterpoint.models import Model
from counterpoint.objectives import cross_entropy

Make = Callable[..., Any]
HEAVY = [
    {"lr": 0.1},
    {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1},
    {"lr": 0.01, "optimizer": "adam", "weight_decay": 0.1},
    {"lr": 0.01, "optimizer": "adamw", "weight_decay": 0.1},
]


def rows_loss(client: OneClient) -> Callable[..., Tensor]:
    model: Model = client._model
    return lambda params, batch, using: cross_entropy(model(params, batch), batch.label)


def scalar_loss(client: OneClient) -> Callable[..., Tensor]:
    of_rows = rows_loss(client)
    return lambda params, batch, using: of_rows(params, batch, using).mean()


def moved(before: Tensors, after: Tensors) -> set[str]:
    """Blocks of which a tensor has changed, by the first two parts of the name."""
    changed = {n for n in before if not torch.equal(before[n], after[n])}
    return {".".join(n.split(".")[:2]) if n.startswith("encoder") else n.partition(".")[0] for n in changed}


def test_training_lowers_the_loss_and_leaves_its_start_alone(make_client: Make, same: Make):
    client = make_client(epochs=20)
    loss = rows_loss(client)
    start = client.load({})
    kept = {n: v.clone() for n, v in start.items()}
    end = client.train(start, loss)
    assert same(start, kept) and not any(v.requires_grad for v in end.values())
    before, after = (float(client.fold(loss, p, reduce="mean")) for p in (start, end))
    assert after < 0.8 * before


def test_a_scalar_loss_equals_the_mean_of_rows(make_client: Make, same: Make):
    results = [make_client() for _ in range(2)]
    ends = [c.train(c.load({}), kind(c)) for c, kind in zip(results, (rows_loss, scalar_loss), strict=True)]
    assert same(*ends)


def test_a_loss_that_returns_a_matrix_is_an_error(make_client: Make):
    client = make_client()
    with pytest.raises(TypeError, match=r"not a tensor of shape \(4, 3\)"):
        client.train(client.load({}), lambda p, b, u: client._model(p, b))


@pytest.mark.parametrize("settings", HEAVY, ids=str)
def test_the_default_equals_as_many_steps(make_client: Make, same: Make, settings: dict[str, Any]):
    def end(**how: Any) -> Tensors:
        client = make_client(10, **settings)
        return client.train(client.load({}), rows_loss(client), **how)

    assert int(make_client(10).steps()) == 6 and int(make_client(10).steps(5)) == 15
    assert same(end(), end(steps=6)) and same(end(), end(epochs=2)) and same(end(), end(steps=torch.tensor(6)))
    every = dict.fromkeys(("encoder.acc", "encoder.gyro", "fusion", "head"), 6)
    assert same(end(), end(steps=every)) and same(end(), end(steps={"head": torch.tensor(6)}))
    assert not same(end(), end(steps=7))
    assert same(end(steps=0), make_client().load({}))


@pytest.mark.parametrize("settings", HEAVY, ids=str)
def test_a_block_stops_when_its_steps_are_used_up(make_client: Make, same: Make, settings: dict[str, Any]):
    """Stopping the head after 2 of 5 steps equals going on from there with the head frozen."""
    memory = ClientMemory()
    client = make_client(memory=memory, **settings)
    loss = rows_loss(client)
    found = client.train(client.load({}), loss, steps={"head": 2, "fusion": 5}, remember="state")

    first = make_client(**settings).train(client.load({}), loss, steps=2)
    assert all(torch.equal(found[n], first[n]) for n in found if n.startswith("head"))
    assert not any(torch.equal(found[n], first[n]) for n in found if not n.startswith("head"))
    for name, state in memory.values["state"].items():
        if "steps" in state:
            assert int(state["steps"]) == (2 if name.startswith("head") else 5), name
    alone = make_client(**settings).train(
        client.load({}), loss, steps={"head": 0, "fusion": 5}, trainable=["fusion", "head"]
    )
    assert moved(client.load({}), alone) == {"fusion"}


@pytest.mark.parametrize("settings", HEAVY, ids=str)
def test_what_is_not_trainable_stays_to_the_bit(make_client: Make, settings: dict[str, Any]):
    client = make_client(**settings)
    start = client.load({})
    loss = rows_loss(client)
    assert moved(start, client.train(start, loss, trainable=["head"])) == {"head"}
    assert moved(start, client.train(start, loss, trainable=["encoder.gyro", "fusion"])) == {"encoder.gyro", "fusion"}
    assert moved(start, client.train(start, loss, trainable=[])) == set()
    assert moved(start, client.train(start, loss)) == {"encoder.acc", "encoder.gyro", "fusion", "head"}


@pytest.mark.parametrize("how", [{"trainable": ["heads"]}, {"steps": {"heads": 3}}], ids=str)
def test_a_block_that_does_not_exist_is_an_error(make_client: Make, how: dict[str, Any]):
    client = make_client(modalities=["acc"])
    with pytest.raises(UserError, match="unknown block 'heads': did you mean 'head'"):
        client.train(client.load({}), rows_loss(client), **how)
    client.train(client.load({}), lambda p, b, u: p["head.bias"].sum(), trainable=["encoder.gyro"])  # another's


def test_what_the_loss_does_not_reach_gets_no_gradient_but_decays(make_client: Make):
    def loss(params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        return params["head.bias"].square().sum()

    client = make_client(lr=0.1)
    start = client.load({})
    assert moved(start, client.train(start, loss)) == {"head"}
    constant = client.train(start, lambda p, b, u: torch.tensor(1.0))
    assert moved(start, constant) == set()
    decayed = make_client(lr=0.1, weight_decay=0.5).train(start, loss, steps=1)
    assert torch.allclose(decayed["fusion.mix.weight"], 0.95 * start["fusion.mix.weight"])


@pytest.mark.parametrize("settings", HEAVY, ids=str)
def test_remembered_state_makes_two_trainings_one(make_client: Make, same: Make, settings: dict[str, Any]):
    """All rows in one batch, so that the order of rows is the same; their sum may differ in the last bits."""
    long = make_client(batch_size=100, **settings)
    once = long.train(long.load({}), scalar_loss(long), steps=6)
    memory = ClientMemory()
    client = make_client(batch_size=100, memory=memory, **settings)
    half = client.train(client.load({}), scalar_loss(client), steps=3, remember="o")
    twice = client.train(half, scalar_loss(client), steps=3, remember="o")
    forgot = client.train(half, scalar_loss(client), steps=3)
    assert all(torch.allclose(once[n], twice[n], atol=1e-6) for n in once)
    if settings.get("momentum") or "optimizer" in settings:
        assert not all(torch.allclose(once[n], forgot[n], atol=1e-4) for n in once)


def test_a_copy_of_memory_is_not_moved_by_training_that_goes_on(make_client: Make):
    memory = ClientMemory()
    client = make_client(memory=memory, momentum=0.9)
    client.train(client.load({}), rows_loss(client), remember="o")
    kept = {n: s["momentum"].clone() for n, s in memory.values["o"].items()}
    aside = make_client(memory=ClientMemory(dict(memory.values)), momentum=0.9)
    aside.train(aside.load({}), rows_loss(aside), remember="o")
    assert all(torch.equal(memory.values["o"][n]["momentum"], kept[n]) for n in kept)


def test_using_hands_on_shared_and_own_values(make_client: Make):
    client = make_client(4, batch_size=4, epochs=1, lr=1.0)
    own = client.map(lambda size: size * 2.0, client.sizes)
    using = {"shared": torch.tensor(3.0), "own": own, "nested": {"list": [torch.tensor(0.5)]}, "number": 10}

    def loss(params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        slope = using["shared"] + using["own"] * using["nested"]["list"][0] + using["number"]
        return (params["head.bias"] * slope).sum()

    start = client.load({})
    assert torch.allclose(client.train(start, loss, using=using)["head.bias"], start["head.bias"] - (3 + 8 * 0.5 + 10))


def test_parameters_need_not_be_a_models(make_client: Make):
    client = make_client(4, batch_size=4, lr=0.5)
    start = {"prompt.a": torch.ones(2), "count": torch.tensor(3)}
    end = client.train(start, lambda p, b, u: p["prompt.a"].square().sum() / 2, steps=2, trainable=["prompt"])
    assert end["prompt.a"].tolist() == [0.25, 0.25] and int(end["count"]) == 3


class Dropping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.drop, self.head = nn.Linear(6, 8), nn.Dropout(0.5), nn.Linear(8, 3)

    def forward(self, batch: Batch) -> Tensor:
        return self.head(self.drop(torch.relu(self.first(batch.x["acc"].flatten(1)))))


def test_dropout_is_keyed_and_leaves_the_global_generator_alone(make_client: Make, same: Make):
    def end(seed: int, client_id: int = 0) -> Tensors:
        key = ("client", client_id, "round", 1, "visit 1")
        client = make_client(100, model=model, seed=seed, key=key, batch_size=100, epochs=1)
        return client.train(client.load({}), rows_loss(client))

    torch.manual_seed(0)
    model = Model(Dropping(), ["acc", "gyro"])
    before = torch.get_rng_state()
    first = end(1)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(7)
    assert same(first, end(1))
    assert float((first["head.weight"] - end(2)["head.weight"]).abs().max()) > 1e-3
    assert float((first["head.weight"] - end(1, 1)["head.weight"]).abs().max()) > 1e-3


def test_trainings_of_one_visit_differ_in_their_order(make_client: Make, same: Make):
    client = make_client()
    first, second = (client.train(client.load({}), rows_loss(client)) for _ in range(2))
    assert not same(first, second)
    again = make_client()
    assert same(first, again.train(again.load({}), rows_loss(again)))
