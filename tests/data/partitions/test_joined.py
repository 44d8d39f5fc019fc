"""Partitions of one or more parts: what always holds, and how they fail."""

import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.data import Dataset, Side
from counterpoint.data.partitions import DEFAULT_CLIENTS, Share, parse
from counterpoint.data.partitions.cells import cut
from counterpoint.errors import UserError

SPECS = (
    "iid",
    "dirichlet:0.5",
    "dirichlet:0.01",
    "quantity:0.3",
    "pathological:2",
    "owner:0.1",
    "dirichlet:0.3+owner:0.1",
    "pathological:2+quantity:0.5",
    "dirichlet:0.1+owner:0.01+pathological:2+quantity:0.3",
)


def same(a: list[Share], b: list[Share]) -> bool:
    return all(torch.equal(x.train, y.train) and torch.equal(x.test, y.test) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("clients", [5, 20, 40])
def test_every_row_once_on_watch(watch: Dataset, assert_sound: Callable[..., None], spec: str, clients: int) -> None:
    shares, summary = parse(spec).deal(watch, clients, 1)
    assert [s.name for s in shares] == [f"client {k}" for k in range(clients)]
    assert_sound(watch, shares)
    assert summary["parts"] == {part: summary["parts"][part] for part in spec.split("+")}  # type: ignore[index]
    assert set(summary["training rows a client"]) == {"smallest", "median", "largest"}  # type: ignore[call-overload]


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("clients", [5, 12, 30])
def test_no_unit_is_trained_on_here_and_tested_there(
    emoji_like: Dataset, stamps_like: Dataset, assert_sound: Callable[..., None], spec: str, clients: int
) -> None:
    for dataset in (emoji_like, stamps_like):
        shares, summary = parse(spec).deal(dataset, clients, 1)
        assert_sound(dataset, shares)
        told = summary["units drawn for tests"]
        assert isinstance(told, dict)
        assert told["of"] == len(dataset.samples.unit.unique())
        assert told["drawn"] == len(torch.cat([dataset.samples.unit[s.test] for s in shares]).unique())
        assert 0.1 < told["drawn"] / told["of"] < 0.35


@pytest.mark.parametrize("spec", SPECS)
def test_equal_seeds_deal_equally(watch: Dataset, stamps_like: Dataset, spec: str) -> None:
    for dataset in (watch, stamps_like):
        first, again, other = (parse(spec).deal(dataset, 8, seed) for seed in (3, 3, 4))
        assert same(first[0], again[0])
        assert first[1] == again[1]
        assert not same(first[0], other[0])


def test_the_order_of_parts_does_not_matter(watch: Dataset) -> None:
    first, second = (parse(spec).deal(watch, 9, 0) for spec in ("owner:0.1+dirichlet:0.3", "dirichlet:0.3+owner:0.1"))
    assert same(first[0], second[0])
    assert first[1] == second[1]


def test_iid_changes_nothing_that_others_draw(watch: Dataset) -> None:
    assert same(parse("iid+owner:0.1").deal(watch, 9, 0)[0], parse("owner:0.1").deal(watch, 9, 0)[0])


def test_ten_clients_unless_told(watch: Dataset) -> None:
    assert DEFAULT_CLIENTS == 10
    assert all(len(parse(spec).deal(watch, None, 0)[0]) == 10 for spec in SPECS)


@pytest.mark.parametrize("spec", ["natural", *SPECS])
@pytest.mark.parametrize("clients", [0, -3])
def test_at_least_one_client(watch: Dataset, spec: str, clients: int) -> None:
    with pytest.raises(UserError) as error:
        parse(spec).deal(watch, clients, 0)
    assert str(error.value) == f"clients={clients}: there must be at least 1 client."


@pytest.mark.parametrize(
    "spec", ["dirichlet:0.5", "dirichlet:0.3+owner:0.5", "owner:0.5+quantity:1.0", "pathological:3"]
)
def test_cells_are_shared_in_proportion_to_the_product_of_the_weights(watch: Dataset, spec: str) -> None:
    partition = parse(spec)
    shares, summary = partition.deal(watch, 4, 5)
    assert summary["rows moved to feed small clients"]["train"] == 0  # type: ignore[index]
    cells = cut(watch, by_owner="owner" in spec)
    weight = np.ones((len(cells.label), 4))
    for part in partition.parts:  # type: ignore[attr-defined]
        weight = weight * np.exp(part.log_weight(cells, 4, 5))
    wanted = weight / weight.sum(axis=1, keepdims=True) * cells.train.sizes[:, None]
    for c in range(len(cells.label)):
        inside = (watch.samples.label == int(cells.label[c])) & (watch.side == Side.TRAIN)
        if cells.owner is not None:
            inside &= watch.owner == int(cells.owner[c])
        got = np.array([int(inside[s.train].sum()) for s in shares])
        assert np.abs(got - wanted[c]).max() <= 1 + 1e-9


def test_many_small_cells_do_not_all_go_to_the_same_clients(table: Callable[..., Dataset]) -> None:
    """500 owners of one row each: the sizes follow the quantities all the same, but for chance."""
    dataset = table([i % 5 for i in range(500)], owner=list(range(500)))
    shares, _ = parse("owner:1e9+quantity:1.0").deal(dataset, 8, 1)
    alone, _ = parse("quantity:1.0").deal(dataset, 8, 1)
    sizes, expected = ([len(s.train) + len(s.test) for s in some] for some in (shares, alone))
    assert sizes == pytest.approx(expected, abs=25)


def test_units_stay_together_where_they_lie_in_one_cell(stamps_like: Dataset) -> None:
    for spec in ("dirichlet:0.5", "pathological:2+quantity:0.5", "iid"):
        shares, _ = parse(spec).deal(stamps_like, 10, 0)
        units = [set(stamps_like.samples.unit[torch.cat([s.train, s.test])].tolist()) for s in shares]
        assert sum(len(own) for own in units) == len(set.union(*units)) == 200


def test_both_vendors_of_an_emoji_may_be_at_different_clients(emoji_like: Dataset) -> None:
    shares, summary = parse("owner:1e-6").deal(emoji_like, 8, 0)
    held = [set(emoji_like.owner[torch.cat([s.train, s.test])].tolist()) for s in shares]
    assert held.count({0}) == held.count({1}) == 4
    assert all(0.1 < len(s.test) / (len(s.train) + len(s.test)) < 0.32 for s in shares)
    assert summary["share of a client's rows from its main owner"] == {"smallest": 1.0, "median": 1, "largest": 1.0}


def test_rows_of_other_sides_are_never_dealt(stamps_like: Dataset, watch: Dataset) -> None:
    for dataset in (stamps_like, watch):
        side = dataset.side.clone()
        train = (side == Side.TRAIN).nonzero().flatten()
        unit = dataset.samples.unit
        for other in (Side.PROXY, Side.SERVER, Side.GLOBAL_TEST):
            side[(side == Side.TRAIN) & (unit % 5 == int(other) - 2)] = int(other)
        mixed = Dataset(**{**vars(dataset), "side": side})
        shares, _ = parse("dirichlet:1+owner:0.5").deal(mixed, 6, 0)
        dealt = torch.cat([rows for s in shares for rows in (s.train, s.test)])
        assert set(side[dealt].tolist()) <= {Side.TRAIN, Side.CLIENT_TEST}
        assert len(dealt) < len(train) + int((side == Side.CLIENT_TEST).sum())


def failure(dataset: Dataset, spec: str, clients: int) -> str:
    start = time.monotonic()
    with pytest.raises(UserError) as error:
        parse(spec).deal(dataset, clients, 0)
    assert time.monotonic() - start < 1
    return str(error.value)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("clients", [153, 10**9])
def test_too_many_clients_for_declared_tests(watch: Dataset, spec: str, clients: int) -> None:
    assert failure(watch, spec, clients) == (
        f"{parse(spec).spec} over {clients} clients needs {clients} x 8 = {8 * clients} training and {clients} x 2 = "
        f"{2 * clients} test rows, but watch has 1221 and 1239: use at most 152 clients."
    )


def test_too_many_clients_for_drawn_tests(
    table: Callable[..., Dataset], emoji_like: Dataset, assert_sound: Callable[..., None]
) -> None:
    rows = table([0, 1] * 50)
    assert failure(rows, "quantity:1", 11) == (
        "quantity:1.0 over 11 clients needs 11 x 10 = 110 training rows (to have at least 8 rows to train on and 2 to "
        "be tested on), but table has 100: use at most 10 clients."
    )
    assert failure(emoji_like, "dirichlet:0.1", 81) == (
        "dirichlet:0.1 over 81 clients needs 81 x 5 = 405 natural units (to have at least 8 rows to train on and 2 to "
        "be tested on), but emoji-like has 400: use at most 80 clients."
    )
    for dataset, clients in ((rows, 10), (emoji_like, 80)):
        for spec in ("iid", "dirichlet:0.001", "quantity:0.01"):
            assert_sound(dataset, parse(spec).deal(dataset, clients, 0)[0])


def test_not_a_single_client(table: Callable[..., Dataset]) -> None:
    for rows in (0, 9):
        assert failure(table([0] * rows), "iid", 1) == (
            f"iid over 1 clients needs 1 x 10 = 10 training rows (to have at least 8 rows to train on and 2 to be "
            f"tested on), but table has {rows}: there cannot be a single client."
        )


def test_classes_too_small_for_so_many_clients(
    table: Callable[..., Dataset], assert_sound: Callable[..., None]
) -> None:
    assert failure(table([0] * 500 + [1] * 5), "pathological:1", 20) == (
        "pathological:1 over 20 clients of table: clients with no classes but class 1 (1 of them) have 5 of the 1 x "
        "10 = 10 training rows that they need: nor was a smaller number found that can be had, so use another "
        "partition."
    )
    skewed = table([0] * 200 + [1] * 30 + [2] * 30 + [3] * 30)
    assert failure(skewed, "pathological:2", 28) == (
        "pathological:2 over 28 clients of table: clients with no classes but class 1, class 2, class 3 (14 of them) "
        "have 76 of the 14 x 10 = 140 training rows that they need: use fewer clients, 16 can be had."
    )
    assert_sound(skewed, parse("pathological:2").deal(skewed, 16, 0)[0])


def test_classes_with_too_few_rows_to_be_dealt_out(table: Callable[..., Dataset]) -> None:
    dataset = table([0] * 400 + [1] * 3 + [2] * 3)
    assert failure(dataset, "pathological:2", 20) == (
        "pathological:2 over 20 clients of table: small classes have so few rows that only 26 of the 20 x 2 = 40 "
        "places for classes can be filled: use fewer clients, 2 can be had."
    )
    assert len(parse("pathological:2").deal(dataset, 2, 0)[0]) == 2


def test_units_that_too_many_clients_have_rows_of(table: Callable[..., Dataset]) -> None:
    """Every unit has a row at every owner, and there are as many clients as rows allow."""
    pairs = [(unit, owner) for unit in range(20) for owner in range(10)]
    dataset = table([0] * 200, owner=[o for _, o in pairs], unit=[u for u, _ in pairs])
    assert failure(dataset, "owner:0.5", 20) == (
        "owner:0.5 over 20 clients of table: natural units are so large, or so many clients have rows of them, that 12 "
        "cannot have 2 test rows while all keep 8 to train on: use fewer clients, 15 can be had."
    )
    assert len(parse("owner:0.5").deal(dataset, 15, 0)[0]) == 15


def test_small_clients_are_given_more_where_that_makes_tests_possible(
    table: Callable[..., Dataset], assert_sound: Callable[..., None]
) -> None:
    """Ten rows a client do not suffice here, as clients have rows of the same units; twenty do."""
    pairs = [(unit, owner) for unit in range(40) for owner in range(8)]
    dataset = table([u % 2 for u, _ in pairs], owner=[o for _, o in pairs], unit=[u for u, _ in pairs])
    for seed in range(3):
        shares, _ = parse("owner:1+quantity:0.1").deal(dataset, 16, seed)
        assert_sound(dataset, shares)
        assert min(len(s.train) + len(s.test) for s in shares) >= 20


def test_seventy_thousand_rows(table: Callable[..., Dataset], assert_sound: Callable[..., None]) -> None:
    rng = np.random.default_rng(0)
    dataset = table(rng.integers(0, 10, 70_000).tolist(), owner=rng.integers(0, 20, 70_000).tolist())
    start = time.monotonic()
    shares, _ = parse("dirichlet:0.1+owner:0.1+pathological:3+quantity:0.3").deal(dataset, 1000, 0)
    assert time.monotonic() - start < 8
    assert_sound(dataset, shares)
    assert "use at most 7000 clients" in failure(dataset, "pathological:2+quantity:0.5", 7001)
    assert "pathological:1 over 4 clients gives out 4 classes" in failure(dataset, "pathological:1", 4)


@st.composite
def partitioned(draw: st.DrawFn) -> tuple[dict[str, object], str, int, int]:
    """A random small data set, with units of several rows, owners and labels, and what to do with it."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    classes, owners = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    units = draw(st.integers(1, 150))
    largest = draw(st.sampled_from([1, 2, 8]))
    mixed = draw(st.sampled_from([0.0, 0.2]))
    declared = draw(st.booleans())
    label, owner, unit, side = [], [], [], []
    for u in range(units):
        own_side = rng.choice([Side.TRAIN] * 3 + ([Side.CLIENT_TEST] * 2 if declared else []) + [Side.GLOBAL_TEST])
        own_label = min(rng.integers(classes), rng.integers(classes))
        for _ in range(rng.integers(1, largest + 1)):
            label.append(int(rng.integers(classes) if rng.random() < mixed else own_label))
            owner.append(int(rng.integers(owners)))
            unit.append(u)
            side.append(int(own_side))
    parts = draw(st.lists(st.sampled_from(["dirichlet:", "quantity:", "owner:"]), unique=True, max_size=3))
    specs = [part + draw(st.sampled_from(["0.01", "0.3", "2"])) for part in parts]
    specs += draw(st.sampled_from([[], ["pathological:1"], ["pathological:2"], ["iid"]]))
    table = {"label": label, "owner": owner, "unit": unit, "side": side, "classes": classes}
    return table, "+".join(specs) or "natural", draw(st.integers(1, 12)), draw(st.integers(0, 1000))


@given(partitioned())
def test_whatever_is_dealt_is_sound(
    table: Callable[..., Dataset], assert_sound: Callable[..., None], case: tuple[dict[str, object], str, int, int]
) -> None:
    rows, spec, clients, seed = case
    dataset = table(**rows)
    try:
        shares, summary = parse(spec).deal(dataset, clients, seed)
    except UserError as error:
        assert str(error).endswith(".")
        exact = "pathological" not in spec and "owner" not in spec and not cut(dataset, by_owner=False).entangled
        if "use at most" in str(error) and exact:
            most = int(str(error).split("use at most ")[1].split()[0])
            assert most < clients
            assert_sound(dataset, parse(spec).deal(dataset, most, seed)[0])
        return
    assert len(shares) == clients
    left = summary.get("test rows left out, of classes that nobody trains on", 0)
    assert_sound(dataset, shares, everything=spec != "natural" and not left)
    if "pathological" in spec:
        each = int(spec.split("pathological:")[1][0])
        for share in shares:
            has = dataset.samples.label[torch.cat([share.train, share.test])].unique()
            assert len(has) == each
    again, _ = parse(spec).deal(dataset, clients, seed)
    assert same(shares, again)
