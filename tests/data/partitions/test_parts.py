"""The parts of partitions: their weights, and what they promise."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.data import Dataset, Side
from counterpoint.data.partitions import Share, parse
from counterpoint.data.partitions.cells import cut
from counterpoint.data.partitions.owner import Owner, log_mixtures
from counterpoint.data.partitions.part import log_gamma
from counterpoint.data.partitions.pathological import Pathological, deal_classes, level
from counterpoint.errors import UserError


@pytest.fixture(scope="module")
def tiny(table: Callable[..., Dataset]) -> Dataset:
    """24 rows of each of two classes and 12 of a third, half of each owner 0's, half owner 1's; no test declared."""
    return table([0] * 24 + [1] * 24 + [2] * 12, owner=([0] * 12 + [1] * 12) * 2 + [0] * 6 + [1] * 6)


def labels(dataset: Dataset, shares: list[Share]) -> list[list[int]]:
    classes = len(dataset.task.classes)
    return [dataset.samples.label[torch.cat([s.train, s.test])].bincount(minlength=classes).tolist() for s in shares]


def owners(dataset: Dataset, shares: list[Share]) -> list[list[int]]:
    known = len(dataset.owners)
    return [dataset.owner[torch.cat([s.train, s.test])].bincount(minlength=known).tolist() for s in shares]


@pytest.mark.parametrize(
    ("spec", "by_label", "tests"),
    [
        ("iid", [[8, 8, 4]] * 3, [[7, 31, 39, 56], [18, 29, 44, 51], [3, 17, 40, 50]]),
        (
            "quantity:0.5",
            [[9, 11, 5], [11, 9, 5], [4, 4, 2]],
            [[7, 20, 31, 39, 56], [17, 18, 42, 44, 51], [3, 40]],
        ),
        (
            "dirichlet:0.5",
            [[1, 9, 0], [8, 11, 0], [15, 4, 12]],
            [[31, 39], [7, 20, 42, 44], [3, 17, 18, 40, 50, 51]],
        ),
        (
            "pathological:2",
            [[12, 0, 6], [0, 12, 6], [12, 12, 0]],
            [[7, 20, 22, 56], [26, 31, 39, 50], [3, 17, 18, 40, 44]],
        ),
        ("owner:0.1", [[8, 8, 4]] * 3, [[17, 39, 40, 55], [7, 42, 44, 51], [3, 11, 31, 50]]),
        (
            "pathological:2+quantity:0.5",
            [[19, 0, 6], [0, 19, 6], [5, 5, 0]],
            [[7, 17, 20, 22, 56], [26, 31, 39, 44, 50], [3, 40]],
        ),
        (
            "dirichlet:0.3+owner:0.1",
            [[1, 8, 1], [13, 8, 2], [10, 8, 9]],
            [[39, 40], [18, 20, 22, 42, 44], [3, 7, 31, 50, 51]],
        ),
    ],
)
def test_what_each_part_deals(
    tiny: Dataset, assert_sound: Callable[..., None], spec: str, by_label: list[list[int]], tests: list[list[int]]
) -> None:
    shares, _ = parse(spec).deal(tiny, 3, 0)
    assert_sound(tiny, shares)
    assert labels(tiny, shares) == by_label
    assert [s.test.tolist() for s in shares] == tests


@pytest.mark.parametrize("clients", [2, 7, 55])
def test_iid_clients_are_alike(watch: Dataset, assert_sound: Callable[..., None], clients: int) -> None:
    shares, _ = parse("iid").deal(watch, clients, 0)
    assert_sound(watch, shares)
    for split in ("train", "test"):
        rows = [getattr(share, split) for share in shares]
        counts = torch.stack([watch.samples.label[own].bincount(minlength=7) for own in rows])
        assert (counts.max(0).values - counts.min(0).values).max() <= 3
        assert max(map(len, rows)) - min(map(len, rows)) <= 2


@pytest.mark.parametrize("alpha", [1.0, 3.0, 100.0])
def test_sizes_are_those_that_quantity_draws(watch: Dataset, alpha: float) -> None:
    """Client k gets q[k] of all rows and of each class, up to rounding, unless it must be fed."""
    shares, summary = parse(f"quantity:{alpha}").deal(watch, 6, 1)
    gamma = np.exp(log_gamma(alpha, (1, 6), 1, "quantity"))[0]
    wanted = 1221 * gamma / gamma.sum()
    assert summary["rows moved to feed small clients"] == {"train": 0, "test": 0}
    assert [len(s.train) for s in shares] == pytest.approx(wanted, abs=2)
    assert summary["training rows a client"]["largest"] == max(len(s.train) for s in shares)  # type: ignore[index]
    by_label = np.array([watch.samples.label[s.train].bincount(minlength=7).tolist() for s in shares])
    classes = watch.samples.label[watch.side == Side.TRAIN].bincount().numpy()
    assert (np.abs(by_label - np.outer(gamma / gamma.sum(), classes)) <= 1).all()


def test_small_clients_are_fed_of_every_class(watch: Dataset, assert_sound: Callable[..., None]) -> None:
    shares, summary = parse("quantity:0.01").deal(watch, 20, 0)
    assert_sound(watch, shares)
    assert summary["rows moved to feed small clients"]["train"] > 100  # type: ignore[index]
    assert all(len(watch.samples.label[s.train].unique()) >= 6 for s in shares)


@pytest.mark.parametrize("each", [1, 2, 3, 7])
@pytest.mark.parametrize("clients", [7, 10, 30])
@pytest.mark.parametrize("more", ["", "+quantity:0.3", "+dirichlet:0.05", "+dirichlet:0.01+owner:0.01+quantity:0.2"])
def test_pathological_clients_have_so_many_classes(
    watch: Dataset, assert_sound: Callable[..., None], each: int, clients: int, more: str
) -> None:
    for seed in range(2):
        shares, summary = parse(f"pathological:{each}{more}").deal(watch, clients, seed)
        assert_sound(watch, shares)
        has = [set(watch.samples.label[s.train].tolist()) for s in shares]
        assert [len(own) for own in has] == [each] * clients
        assert all(set(watch.samples.label[s.test].tolist()) <= own for s, own in zip(shares, has, strict=True))
        assert summary["classes a client"] == {"smallest": each, "median": each, "largest": each}
        holders = [sum(c in own for own in has) for c in range(7)]
        assert min(holders) >= 1
        assert max(holders) - min(holders) <= 1


def test_pathological_clients_of_a_class_share_it_equally(watch: Dataset) -> None:
    shares, _ = parse("pathological:2").deal(watch, 14, 0)
    counts = torch.stack([watch.samples.label[s.train].bincount(minlength=7) for s in shares])
    for of_class in counts.T:
        held = of_class[of_class > 0]
        assert len(held) == 4
        assert held.max() - held.min() <= 1


def test_pathological_clients_train_on_all_their_classes_where_tests_are_drawn(
    emoji_like: Dataset, stamps_like: Dataset, assert_sound: Callable[..., None]
) -> None:
    for dataset, spec in ((emoji_like, "pathological:2"), (stamps_like, "pathological:3+quantity:0.3")):
        for seed in range(5):
            shares, _ = parse(spec).deal(dataset, 12, seed)
            assert_sound(dataset, shares)
            has = [set(dataset.samples.label[s.train].tolist()) for s in shares]
            assert {len(own) for own in has} == {int(spec[13])}
            assert all(set(dataset.samples.label[s.test].tolist()) <= own for s, own in zip(shares, has, strict=True))


def test_a_rare_class_goes_to_fewer_clients(table: Callable[..., Dataset], assert_sound: Callable[..., None]) -> None:
    dataset = table([0] * 300 + [1] * 300 + [2] * 9)
    shares, _ = parse("pathological:2").deal(dataset, 30, 0)
    assert_sound(dataset, shares)
    has = [set(dataset.samples.label[torch.cat([s.train, s.test])].tolist()) for s in shares]
    assert sorted(sum(c in own for own in has) for c in range(3)) == [1, 29, 30]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(1, 9), st.data())
def test_places_are_level_and_every_client_has_so_many_classes(
    most: list[int], clients: int, data: st.DataObject
) -> None:
    limits = np.minimum(most, clients)
    each = data.draw(st.integers(1, len(most)))
    total = clients * each
    if not len(most) <= total <= limits.sum():
        return
    rng = np.random.default_rng(0)
    places = level(limits, total, rng)
    assert places.sum() == total
    assert (places >= 1).all()
    assert (places <= limits).all()
    assert all(n >= places.max() - 1 for n, limit in zip(places, limits, strict=True) if n < limit)
    has = deal_classes(places, clients, each, rng)
    assert (has.sum(axis=0) == each).all()
    assert (has.sum(axis=1) == places).all()


def test_pairs_of_classes_vary(watch: Dataset) -> None:
    shares, _ = parse("pathological:2").deal(watch, 21, 0)
    assert len({tuple(watch.samples.label[s.train].unique().tolist()) for s in shares}) > 10


def test_too_many_and_too_few_classes(watch: Dataset) -> None:
    with pytest.raises(UserError) as error:
        parse("pathological:8").deal(watch, 10, 0)
    assert str(error.value) == "pathological:8: watch has 7 classes to train on: use at most pathological:7."
    with pytest.raises(UserError) as error:
        parse("iid+pathological:2").deal(watch, 3, 0)
    assert str(error.value) == (
        "pathological:2 over 3 clients gives out 6 classes, but watch has 7, and none may be left over: use at least 4 "
        "clients, or pathological:3."
    )
    assert len(parse("pathological:2").deal(watch, 4, 0)[0]) == 4
    assert len(parse("pathological:3").deal(watch, 3, 0)[0]) == 3


def test_test_rows_of_a_class_that_nobody_trains_on_are_left_out(
    toy: Callable[..., Dataset], assert_sound: Callable[..., None]
) -> None:
    dataset = toy(classes=3, train=20)
    dataset.side[(dataset.samples.label == 2) & (dataset.side == Side.TRAIN)] = Side.PROXY
    shares, summary = parse("pathological:1").deal(dataset, 5, 0)
    assert_sound(dataset, shares, everything=False)
    assert summary["test rows left out, of classes that nobody trains on"] == 20
    assert sum(len(s.train) for s in shares) == 160
    assert sum(len(s.test) for s in shares) == 40


def test_owners_are_kept_apart(watch: Dataset, assert_sound: Callable[..., None]) -> None:
    """21 clients of 7 subjects: three a subject, who have nothing of the others."""
    shares, summary = parse("owner:1e-6").deal(watch, 21, 0)
    assert_sound(watch, shares)
    counts = np.array(owners(watch, shares))
    main = counts.argmax(axis=1)
    assert np.bincount(main, minlength=7)[:7].tolist() == [3] * 7
    assert (counts.max(axis=1) / counts.sum(axis=1)).min() == 1
    told = summary["main owners"]
    assert isinstance(told, dict)
    assert told["client 0"] == f"subject {main[0] + 1} 100%"
    assert list(told) == [s.name for s in shares]
    by_label = np.array(labels(watch, shares))
    assert (by_label.min(axis=1) > 0).all()


def test_owners_mix_as_alpha_grows(watch: Dataset) -> None:
    def mean_main(alpha: str) -> float:
        counts = np.array(owners(watch, parse(f"owner:{alpha}").deal(watch, 14, 0)[0]))
        return float((counts.max(axis=1) / counts.sum(axis=1)).mean())

    shares = [mean_main(alpha) for alpha in ("1e-3", "0.1", "1", "1e6")]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.9
    assert shares[-1] < 0.25


def test_a_client_has_of_an_owner_as_its_mixture_says(watch: Dataset) -> None:
    """Cell (class, owner) is shared in proportion to m[k, owner], whatever the class."""
    shares, summary = parse("owner:1.0").deal(watch, 4, 2)
    assert summary["rows moved to feed small clients"] == {"train": 0, "test": 0}
    log_mixture = log_mixtures(1.0, 7, np.arange(7), 4, 2)
    part = np.exp(log_mixture) / np.exp(log_mixture).sum(axis=1, keepdims=True)
    for subject in range(7):
        for label in range(7):
            cell = (watch.owner == subject) & (watch.samples.label == label) & (watch.side == Side.TRAIN)
            got = [int(cell[share.train].sum()) for share in shares]
            assert np.abs(np.array(got) - part[subject] * int(cell.sum())).max() <= 1 + 1e-9


def test_mixtures_are_dirichlet_and_main_owners_are_dealt_evenly() -> None:
    for alpha in (0.2, 2.0):
        draws = [np.exp(log_mixtures(alpha, 4, np.arange(4), 10, seed)) for seed in range(1500)]
        m = np.concatenate(draws, axis=1)
        assert m.sum(axis=0) == pytest.approx(1)
        assert m.mean(axis=1) == pytest.approx(0.25, abs=0.015)
        assert m.var(axis=1) == pytest.approx(0.25 * 0.75 / (4 * alpha + 1), rel=0.06)
        for drawn in draws[:50]:
            assert sorted(np.bincount(drawn.argmax(axis=0), minlength=4).tolist()) == [2, 2, 3, 3]


def test_fewer_clients_than_owners(watch: Dataset, assert_sound: Callable[..., None]) -> None:
    shares, summary = parse("owner:1e-3").deal(watch, 3, 0)
    assert_sound(watch, shares)
    counts = np.array(owners(watch, shares))
    assert len(set(counts.argmax(axis=1))) == 3
    assert summary["share of a client's rows from its main owner"]["smallest"] < 0.7  # type: ignore[index]


def test_a_single_owner_cannot_be_kept_apart(table: Callable[..., Dataset]) -> None:
    with pytest.raises(UserError) as error:
        parse("dirichlet:0.5+owner:0.1").deal(table([0, 1] * 50), 3, 0)
    assert str(error.value) == (
        "owner:0.1: all training rows of table have one owner, so there is nothing to keep apart: leave it out, or use "
        "dirichlet:0.5 in its place."
    )


def test_main_owners_are_told_of_few_clients_only(watch: Dataset) -> None:
    _, summary = parse("owner:0.1").deal(watch, 30, 0)
    assert "main owners" not in summary
    assert set(summary["share of a client's rows from its main owner"]) == {"smallest", "median", "largest"}  # type: ignore[call-overload]


def test_weights_do_not_depend_on_other_parts(watch: Dataset) -> None:
    cells = cut(watch, by_owner=True)
    assert np.array_equal(Owner(0.1).log_weight(cells, 5, 3), Owner(0.1).log_weight(cells, 5, 3))
    assert not np.array_equal(Owner(0.1).log_weight(cells, 5, 3), Owner(0.1).log_weight(cells, 5, 4))
    weight = Pathological(2).log_weight(cells, 5, 3)
    assert set(np.unique(weight)) == {0.0, -np.inf}
    assert np.array_equal(weight, Pathological(2).log_weight(cells, 5, 3))
