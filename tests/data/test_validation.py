"""Validation rows: taken from training rows, in place of tests, of which nothing is left."""

import gc
import time
import weakref
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from counterpoint.data import Dataset, Population, Side, populate, sources
from counterpoint.data.validation import blinded
from counterpoint.errors import UserError


def units(people: Population, split: str) -> list[set[int]]:
    return [set(getattr(client, split).unit.tolist()) for client in people.clients]


@pytest.fixture(scope="module")
def mfeat() -> Dataset:
    return sources.load("mfeat")


@pytest.mark.parametrize("partition", ["dirichlet:0.5", "iid", "pathological:3"])
def test_rows_are_parted_and_their_owners_stay(mfeat: Dataset, partition: str) -> None:
    for seed in range(2):
        whole = populate(mfeat, partition=partition, seed=seed)
        parted = populate(mfeat, partition=partition, validation=0.25, seed=seed)
        assert [client.name for client in whole.clients] == [client.name for client in parted.clients]
        for before, train, held in zip(
            units(whole, "train"), units(parted, "train"), units(parted, "test"), strict=True
        ):
            assert train | held == before
            assert not train & held
            assert len(held) == pytest.approx(len(before) / 4, abs=0.5 + 2)
        assert torch.equal(parted.test.unit, torch.cat([client.test.unit for client in parted.clients]))
        assert not {*parted.test.unit.tolist()} & {*whole.test.unit.tolist()}


def test_labels_are_in_proportion(mfeat: Dataset) -> None:
    parted = populate(mfeat, partition="dirichlet:0.5", validation=0.2)
    for client in parted.clients:
        train, held = (split.label.bincount(minlength=10) for split in (client.train, client.test))
        assert ((train + held) * 0.2 - held).abs().max() <= 1


def test_of_declared_tests_no_row_is_left(watch: Dataset) -> None:
    """Clients of `watch` have one recording of each exercise: each gives up one, and all of them another each."""
    parted, whole = populate(watch, validation=0.2), populate(watch)
    held = set(parted.test.unit.tolist())
    assert len(held) == 7
    assert sorted(set(parted.test.label.tolist())) == list(range(7))
    train = {unit for client in parted.clients for unit in client.train.unit.tolist()}
    assert not train & held
    assert train | held == {unit for client in whole.clients for unit in client.train.unit.tolist()}


def test_what_was_drawn_is_told(mfeat: Dataset) -> None:
    parted = populate(mfeat, partition="dirichlet:0.5", validation=0.2, missing="sample:0.3")
    assert parted.validation == 0.2
    told = parted.drawn["validation"]
    sizes = sorted(len(client.test) for client in parted.clients)
    assert told["share"] == 0.2
    assert told["rows"] == sum(sizes) == len(parted.test)
    assert told["validation rows a client"] == {
        "smallest": sizes[0],
        "median": (sizes[4] + sizes[5]) / 2,
        "largest": sizes[-1],
    }
    assert "test" not in parted.drawn
    assert "test rows a client" not in parted.drawn["partition"]
    assert parted.drawn["missing rate by modality"].keys() == {"training", "validation"}
    assert populate(mfeat, partition="dirichlet:0.5").drawn.keys() >= {"test"}


@pytest.mark.parametrize("missing", ["sample:0.4", "client:0.3"])
def test_rows_lose_what_training_rows_lose(mfeat: Dataset, missing: str) -> None:
    parted = populate(mfeat, partition="iid", validation=0.2, missing=missing)
    assert parted.drawn["missing"]["realised rate"] == pytest.approx(float(missing.split(":")[1]), abs=0.01)
    for client in parted.clients:
        assert client.train.modalities == client.test.modalities
        for name, there in client.test.present.items():
            assert not client.test.x[name][~there].any()
    rate = sum(int((~there).sum()) for there in parted.test.present.values()) / (6 * len(parted.test))
    assert rate == pytest.approx(float(missing.split(":")[1]), abs=0.02)
    if missing == "client:0.3":
        whole = populate(mfeat, partition="iid", missing=missing)
        assert [c.modalities for c in whole.clients] == [c.modalities for c in parted.clients]


def test_proxy_and_server_set_stay_what_they_are(mfeat: Dataset) -> None:
    options = {"partition": "iid", "proxy": 0.1, "labels": "server:0.2"}
    whole, parted = populate(mfeat, **options), populate(mfeat, **options, validation=0.2)
    for name in ("proxy", "server"):
        assert torch.equal(getattr(whole, name).unit, getattr(parted, name).unit)
        assert all(torch.equal(x, getattr(parted, name).x[m]) for m, x in getattr(whole, name).x.items())
    assert all(not len(client.train) and len(client.test) > 10 for client in parted.clients)


def test_the_data_set_leaves_memory(toy: Callable[..., Dataset]) -> None:
    dataset = toy()
    values = [weakref.ref(x) for x in dataset.samples.x.values()]
    parted = populate(dataset, validation=0.2)
    trained = set(dataset.samples.unit[dataset.side == Side.TRAIN].tolist())
    shared = {x.untyped_storage().data_ptr() for x in dataset.samples.x.values()}
    splits = [parted.test, *(split for client in parted.clients for split in (client.train, client.test))]
    assert not shared & {x.untyped_storage().data_ptr() for split in splits for x in split.x.values()}
    assert {unit for split in splits for unit in split.unit.tolist()} == trained
    del dataset
    gc.collect()
    assert [value() for value in values] == [None] * 3


def test_a_client_with_few_rows_keeps_them(toy: Callable[..., Dataset]) -> None:
    """Owner 0 has nine training rows: it can give up one, and two are the least."""
    dataset = toy(owners=3, train=10)
    few = ((dataset.owner == 0) & (dataset.side == Side.TRAIN)).nonzero().flatten()[9:]
    kept = torch.ones(len(dataset.side), dtype=torch.bool)
    kept[few] = False
    parted = populate(dataset.rows(kept), validation=0.2)
    assert len(parted.clients[0].train) + len(parted.clients[0].test) == 9
    assert len(parted.clients[0].train) >= 8
    assert [len(client.test) for client in parted.clients[1:]] == [6, 6]
    assert parted.drawn["validation"]["clients with fewer than 2 validation rows"] == 1


def test_where_nobody_has_rows_enough_it_is_said_at_once(toy: Callable[..., Dataset]) -> None:
    begun = time.perf_counter()
    with pytest.raises(UserError) as error:
        populate(toy(owners=4, classes=3, train=3), validation=0.2)
    assert str(error.value) == (
        "validation=0.2: no client of toy can give up 2 training rows, in whole natural units, and keep 8; the largest "
        "has 9: use fewer clients."
    )
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"validation": 1.0}, "validation=1: the share of the training rows must be a number from 0 to below 1."),
        ({"validation": -0.1}, "from 0 to below 1"),
        (
            {"validation": 0.2, "missing_test": "none"},
            "missing_test 'none' says what tests lose, but with validation=0.2 there are no tests: leave one of them ",
        ),
    ],
)
def test_what_makes_no_sense(toy: Callable[..., Dataset], options: dict[str, object], said: str) -> None:
    with pytest.raises(UserError) as error:
        populate(toy(), **options)
    assert said in str(error.value)


def test_labels_of_tests_cannot_be_read_off_what_is_dealt(toy: Callable[..., Dataset]) -> None:
    dataset = toy(owners=3, classes=3)
    tests = dataset.side != Side.TRAIN
    other = replace(dataset, samples=replace(dataset.samples, label=dataset.samples.label.clone()))
    other.samples.label[tests] = torch.randint(0, 3, (int(tests.sum()),), generator=torch.Generator().manual_seed(3))
    assert not torch.equal(other.samples.label, dataset.samples.label)
    assert torch.equal(blinded(dataset).samples.label, blinded(other).samples.label)
    assert torch.equal(blinded(dataset).samples.label[~tests], dataset.samples.label[~tests])
    assert torch.equal(dataset.samples.label, toy(owners=3, classes=3).samples.label), "a copy is changed, not the data"


def test_blind_rows_have_labels_that_their_owner_trains_on(toy: Callable[..., Dataset]) -> None:
    """Where it trains on none, of anybody's: owner 1 has test rows alone."""
    dataset = toy(owners=2, classes=3)
    label = torch.where(dataset.owner == 0, 2, 1)
    side = torch.where((dataset.owner == 1) & (dataset.side == Side.TRAIN), Side.CLIENT_TEST, dataset.side)
    blind = blinded(replace(dataset, side=side, samples=replace(dataset.samples, label=label)))
    assert set(blind.samples.label.tolist()) == {2}
