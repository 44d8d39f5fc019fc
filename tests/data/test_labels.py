"""Who has labels, and that hidden ones are hidden."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from counterpoint.data import Dataset, Population, Samples, Side, populate
from counterpoint.data.labels import Labels, lottery, parse
from counterpoint.errors import UserError


@pytest.mark.parametrize(
    ("spec", "expected", "told"),
    [
        ("all", Labels(), "all"),
        ("server", Labels("server", 0.1), "server:0.1"),
        ("server:0.25", Labels("server", 0.25), "server:0.25"),
        ("rate:0.1", Labels("rate", 0.1), "rate:0.1"),
        ("rate:1", Labels("rate", 1.0), "rate:1.0"),
    ],
)
def test_parse(spec: str, expected: Labels, told: str) -> None:
    assert parse(spec) == expected
    assert expected.spec == told
    assert parse(told) == expected


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("none", "unknown labels 'none': there are: all, rate, server"),
        ("severs:0.1", "unknown labels 'severs': did you mean 'server'"),
        ("all:0.5", "all takes nothing after it; write all, or rate:0.1"),
        ("server:", "labels 'server:': write server:SHARE with a number above 0 and below 1"),
        ("server:1", "write server:SHARE"),
        ("server:nan", "write server:SHARE"),
        ("rate", "labels 'rate': write rate:SHARE with a number above 0 and up to 1"),
        ("rate:0", "write rate:SHARE"),
        ("rate:1.1", "write rate:SHARE"),
        ("rate:few", "write rate:SHARE"),
    ],
)
def test_texts_that_mean_nothing(spec: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        parse(spec)


def test_each_client_keeps_a_share_of_its_labels(watch: Dataset) -> None:
    whole, people = populate(watch), populate(watch, labels="rate:0.1")
    for before, client in zip(whole.clients, people.clients, strict=True):
        rest = client.unlabelled
        assert rest is not None
        assert len(client.train) == round(0.1 * len(before.train))
        assert len(client.train) + len(rest) == len(before.train)
        assert rest.label.unique().tolist() == [-1]
        counts = before.train.label.bincount(minlength=7) * len(client.train) / len(before.train)
        assert (client.train.label.bincount(minlength=7) - counts).abs().max() < 1
        assert same(client.test, before.test)
        assert client.modalities == rest.modalities == ("acc", "gyro")
    assert same(people.test, whole.test)
    assert people.proxy is None and people.server is None


def test_at_least_one_label_and_perhaps_all(toy: Callable[..., Dataset]) -> None:
    few, every = (populate(toy(), labels=f"rate:{share}") for share in (0.001, 1))
    assert [(len(c.train), len(c.unlabelled)) for c in few.clients] == [(1, 29)] * 4
    assert [(len(c.train), len(c.unlabelled)) for c in every.clients] == [(30, 0)] * 4


def test_which_class_gets_the_odd_label_is_not_always_the_same(toy: Callable[..., Dataset]) -> None:
    people = populate(toy(owners=12), labels="rate:0.01")
    assert {int(client.train.label) for client in people.clients} == {0, 1, 2}


def test_only_the_server_has_labels(watch: Dataset) -> None:
    people = populate(watch, labels="server:0.3", missing="client:0.3")
    assert people.server is not None
    units = watch.samples.unit[watch.side == Side.TRAIN].unique()
    assert len(people.server.unit.unique()) == round(0.3 * len(units))
    for client in people.clients:
        rest = client.unlabelled
        assert rest is not None and len(rest) >= 8
        assert len(client.train) == 0
        assert client.train.modalities == client.modalities == rest.modalities == client.test.modalities
        assert {m: v.shape[1:] for m, v in client.train.x.items()} == {m: v.shape[1:] for m, v in rest.x.items()}
        assert rest.label.unique().tolist() == [-1]
        assert int(client.test.label.min()) >= 0
    assert {len(client.modalities) for client in people.clients} == {1, 2}


def test_a_client_owns_what_any_training_row_shows(toy: Callable[..., Dataset]) -> None:
    """A modality that only unlabelled rows show is owned, and its labelled rows lack it."""
    dataset = toy(owners=2, classes=2, modalities=2)
    plain = populate(dataset, labels="rate:0.1").clients[0]
    dataset.samples.present["m1"][torch.isin(dataset.samples.unit, plain.train.unit)] = False
    client = populate(dataset, labels="rate:0.1").clients[0]
    assert client.modalities == client.test.modalities == ("m0", "m1")
    assert not client.train.present["m1"].any()
    assert client.unlabelled is not None and client.unlabelled.present["m1"].all()


def test_hiding_labels_changes_nothing_else(watch: Dataset) -> None:
    for missing in ("client:0.3", "sample:0.3", "time:0.2"):
        whole, people = (populate(watch, missing=missing, labels=labels) for labels in ("all", "rate:0.2"))
        for before, client in zip(whole.clients, people.clients, strict=True):
            rest = client.unlabelled
            assert rest is not None
            known = Labels("rate", 0.2).known(before.train.label, client.id, 0)
            assert same(client.train, before.train.rows(known))
            assert same(rest, replace(before.train, label=torch.full_like(before.train.label, -1)).rows(~known))


def test_splits_lie_in_one_tensor_each(watch: Dataset) -> None:
    people = populate(watch, labels="rate:0.2", missing="client:0.3")
    for split in ("train", "unlabelled", "test"):
        for m in people.modalities:
            parts = [getattr(c, split).x[m] for c in people.clients if m in c.modalities]
            assert len({part.untyped_storage().data_ptr() for part in parts}) == 1
            assert parts[0].untyped_storage().nbytes() == sum(part.nbytes for part in parts)


def same(a: Samples, b: Samples) -> bool:
    parts = [(a.label, b.label), (a.unit, b.unit)]
    parts += [(getattr(a, name)[m], getattr(b, name)[m]) for name in ("x", "present") for m in a.modalities]
    return a.modalities == b.modalities and all(torch.equal(x, y) for x, y in parts)


def visible(people: Population) -> list[Samples]:
    parts = [part for c in people.clients for part in (c.train, c.test, c.unlabelled)]
    return [part for part in [*parts, people.test, people.proxy, people.server] if part is not None]


def scrambled(dataset: Dataset, rows: torch.Tensor, seed: int) -> Dataset:
    """The labels of these rows exchanged among each other."""
    label = dataset.samples.label.clone()
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))
    label[rows] = label[rows[order]]
    return replace(dataset, samples=replace(dataset.samples, label=label))


@pytest.mark.parametrize("missing", ["none", "sample:0.3", "sample:0.3:m1"])
def test_hidden_labels_leave_no_trace(toy: Callable[..., Dataset], missing: str) -> None:
    """Exchanging labels that come after the last chosen in the lottery changes no bit of what anyone can see."""
    dataset = toy(owners=3, classes=4, train=25)
    people = populate(dataset, labels="rate:0.1", missing=missing)
    other = dataset
    late = 0
    for client in range(3):
        rows = ((dataset.owner == client) & (dataset.side == Side.TRAIN)).nonzero().flatten()
        order = lottery(len(rows), client, 0)
        known = Labels("rate", 0.1).known(dataset.samples.label[rows], client, 0)
        free = rows[order > order[known].max()]
        late += len(free)
        other = scrambled(other, free, client)
    assert late > 0.6 * 300, "that is most of what is hidden"
    assert (other.samples.label != dataset.samples.label).sum() > 0.4 * 300
    again = populate(other, labels="rate:0.1", missing=missing)
    assert all(same(a, b) for a, b in zip(visible(people), visible(again), strict=True))
    assert people.drawn == again.drawn


def test_hidden_labels_leave_no_trace_where_only_the_server_has_any(toy: Callable[..., Dataset]) -> None:
    """As far as the choice of the server's rows is the same."""
    dataset = toy(owners=3, classes=2, train=40)
    people = populate(dataset, labels="server:0.1", proxy=0.1)
    assert people.server is not None and people.proxy is not None
    taken = torch.cat([people.server.unit, people.proxy.unit])
    hidden = ((dataset.side == Side.TRAIN) & ~torch.isin(dataset.samples.unit, taken)).nonzero().flatten()
    unchanged = 0
    for seed in range(60):
        pair = hidden[torch.randperm(len(hidden), generator=torch.Generator().manual_seed(seed))[:2]]
        again = populate(scrambled(dataset, pair, 1), labels="server:0.1", proxy=0.1)
        assert again.server is not None and again.proxy is not None
        if torch.equal(again.server.unit, people.server.unit) and torch.equal(again.proxy.unit, people.proxy.unit):
            unchanged += 1
            assert all(same(a, b) for a, b in zip(visible(people), visible(again), strict=True))
            assert people.drawn == again.drawn
    assert unchanged > 40


def test_the_run_folder_does_not_tell_hidden_labels(watch: Dataset) -> None:
    people = populate(watch, labels="rate:0.1", proxy=0.1)
    assert people.drawn["labels"] == {"spec": "rate:0.1"}
    for client, told in zip(people.clients, people.drawn["clients"], strict=True):
        assert sum(told["train"]["labels"].values()) == len(client.train)
        assert "labels" not in told["unlabelled"]
        assert told["unlabelled"]["rows"] == len(client.unlabelled)
    assert "labels" not in people.drawn["proxy"]
