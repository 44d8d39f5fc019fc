"""Proxy and server set: whole units, in proportion, apart from all clients and tests."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from counterpoint.data import Dataset, Population, Side, populate
from counterpoint.data.setaside import set_aside
from counterpoint.errors import UserError


def units(dataset: Dataset, *sides: Side) -> set[int]:
    return set(dataset.samples.unit[torch.isin(dataset.side, torch.tensor(sides))].tolist())


def test_nothing_is_set_aside_unless_asked_for(toy: Callable[..., Dataset]) -> None:
    dataset = toy()
    assert set_aside(dataset, 0.0, 0.0, 0) is dataset


def test_a_share_of_the_training_units_by_class(toy: Callable[..., Dataset]) -> None:
    dataset = toy(owners=4, classes=3, train=10)
    sided = set_aside(dataset, 0.1, 0.25, 0)
    label = dataset.samples.label
    assert label[sided.side == Side.PROXY].bincount().tolist() == [4, 4, 4]
    assert label[sided.side == Side.SERVER].bincount().tolist() == [10, 10, 10]
    assert label[sided.side == Side.TRAIN].bincount().tolist() == [26, 26, 26]
    moved = sided.side != dataset.side
    assert (dataset.side[moved] == Side.TRAIN).all()
    assert sided.samples is dataset.samples, "no value is copied"
    assert torch.equal(dataset.side, toy().side)


def shared_units(toy: Callable[..., Dataset]) -> Dataset:
    """Every unit has two rows, of different owners; on each side, units of its own."""
    dataset = toy(owners=2, classes=3, train=12)
    half = len(dataset.owner) // 2
    unit = torch.arange(half).repeat(2)
    return replace(dataset, samples=replace(dataset.samples, unit=unit))


def test_units_are_taken_whole_whoever_owns_their_rows(toy: Callable[..., Dataset]) -> None:
    dataset = shared_units(toy)
    for seed in range(5):
        sided = set_aside(dataset, 0.25, 0.25, seed)
        sides = [units(sided, side) for side in Side]
        assert [len(found) for found in sides] == [18, 15, 12, 9, 9]
        assert sum(map(len, sides)) == len(set().union(*sides))
        assert (sided.owner[sided.side == Side.PROXY].bincount() == 9).all()


def test_a_unit_that_a_test_has_too_is_never_taken(toy: Callable[..., Dataset]) -> None:
    dataset = toy(owners=2, classes=2, train=10, test=5, held=5)
    unit = dataset.samples.unit.clone()
    train, test = ((dataset.side == side).nonzero().flatten() for side in (Side.TRAIN, Side.GLOBAL_TEST))
    unit[test] = unit[train[: len(test)]]
    dataset = replace(dataset, samples=replace(dataset.samples, unit=unit))
    sided = set_aside(dataset, 0.5, 0.4, 0)
    assert not units(sided, Side.PROXY, Side.SERVER) & units(sided, Side.CLIENT_TEST, Side.GLOBAL_TEST)
    assert len(units(sided, Side.PROXY)) == round(0.5 * 20)


def test_the_seed_draws(toy: Callable[..., Dataset]) -> None:
    first, again, other = (set_aside(toy(), 0.2, 0.2, seed).side for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def check_apart(people: Population) -> None:
    """No unit is on two sides: proxy set, server set, clients' training, tests."""
    assert people.proxy is not None and people.server is not None
    proxy, server = set(people.proxy.unit.tolist()), set(people.server.unit.tolist())
    clients: set[int] = set()
    tests = set(people.test.unit.tolist())
    for client in people.clients:
        assert client.unlabelled is not None
        clients |= {*client.train.unit.tolist(), *client.unlabelled.unit.tolist()}
        tests |= set(client.test.unit.tolist())
    assert proxy and server and clients and tests
    assert len(proxy | server | clients | tests) == len(proxy) + len(server) + len(clients) + len(tests)


@pytest.mark.parametrize("partition", ["natural", "dirichlet:1"])
def test_in_a_population_nobody_else_has_them(watch: Dataset, partition: str) -> None:
    options = {"proxy": 0.2, "labels": "server:0.3", "missing": "sample:0.4", "clients": 5}
    check_apart(populate(watch, partition=partition, **options))


@pytest.mark.parametrize("partition", ["natural", "dirichlet:1"])
def test_nor_where_owners_share_units_and_tests_are_drawn_after_the_partition(
    toy: Callable[..., Dataset], partition: str
) -> None:
    dataset = toy(owners=2, classes=3, train=60, test=0)
    unit = torch.arange(len(dataset.owner) // 2).repeat(2)
    dataset = replace(dataset, samples=replace(dataset.samples, unit=unit))
    for seed in range(4):
        people = populate(dataset, partition=partition, clients=2, proxy=0.2, labels="server:0.2", seed=seed)
        check_apart(people)
        assert people.proxy is not None and (people.proxy.unit.unique(return_counts=True)[1] == 2).all()


def test_both_are_complete_and_the_proxy_set_has_no_labels(watch: Dataset) -> None:
    people = populate(watch, proxy=0.1, labels="server:0.2", missing="sample:0.4")
    assert people.proxy is not None and people.server is not None
    for held in (people.proxy, people.server):
        assert held.patterns() == {"acc+gyro": len(held)}
    assert people.proxy.label.unique().tolist() == [-1]
    assert people.server.label.unique().tolist() == list(range(7))
    assert people.drawn["proxy"] == {"rows": len(people.proxy), "patterns": people.proxy.patterns()}
    assert sum(people.drawn["server"]["labels"].values()) == len(people.server)


def test_what_the_origin_lacks_is_lacking_there_too(toy: Callable[..., Dataset]) -> None:
    dataset = toy()
    dataset.samples.present["m0"][::2] = False
    dataset.samples.x["m0"][::2] = torch.nan
    proxy = populate(dataset, proxy=0.5).proxy
    assert proxy is not None and 0 < int(proxy.present["m0"].sum()) < len(proxy)
    assert not proxy.x["m0"][~proxy.present["m0"]].any()
    assert proxy.x["m0"].isfinite().all()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"proxy": -0.1}, "proxy=-0.1: the share of the training rows must be a number from 0 to below 1"),
        ({"proxy": 1.0}, "proxy=1: the share of the training rows must be a number from 0 to below 1"),
        ({"proxy": float("nan")}, "proxy=nan: the share"),
        ({"proxy": 0.5, "labels": "server:0.5"}, "proxy=0.5 and labels=server:0.5 leave no training rows for clients"),
        ({"proxy": 0.001}, "proxy share 0.001: of the 120 training units of toy this is none; take a larger share"),
        ({"labels": "server:0.001"}, "server share 0.001: of the 120 training units of toy this is none"),
    ],
)
def test_shares_that_cannot_be(toy: Callable[..., Dataset], options: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        populate(toy(), **options)
