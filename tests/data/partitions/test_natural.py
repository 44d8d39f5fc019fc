"""Natural clients: who owns rows in reality."""

from collections import Counter
from collections.abc import Callable

import pytest
import torch

from counterpoint.data import Dataset, Side
from counterpoint.data.partitions import LEAST_TEST, LEAST_TRAIN, Share, parse
from counterpoint.errors import UserError


def deal(dataset: Dataset, clients: int | None = None, seed: int = 0) -> list[Share]:
    return parse("natural").deal(dataset, clients, seed)[0]


def test_natural_clients_are_the_owners(watch: Dataset, assert_sound: Callable[..., None]) -> None:
    shares, summary = parse("natural").deal(watch, None, 0)
    assert [s.name for s in shares] == [f"subject {i}" for i in range(1, 8)]
    assert_sound(watch, shares)
    for i, share in enumerate(shares):
        assert set(watch.owner[torch.cat([share.train, share.test])].tolist()) == {i}
        assert watch.samples.label[share.train].unique().tolist() == list(range(7))
        assert watch.samples.label[share.test].unique().tolist() == list(range(7))
    assert summary == {
        "natural clients": 7,
        "owners with too few rows": 0,
        "training rows a client": {"smallest": 111, "median": 189, "largest": 213},
        "test rows a client": {"smallest": 106, "median": 188, "largest": 220},
    }


def test_fewer_natural_clients_are_chosen_by_the_seed(watch: Dataset) -> None:
    chosen = [tuple(s.name for s in deal(watch, 3, seed)) for seed in range(20)]
    assert chosen[5] == ("subject 1", "subject 2", "subject 3")
    assert all(len(set(names)) == 3 and list(names) == sorted(names) for names in chosen)
    assert chosen == [tuple(s.name for s in deal(watch, 3, seed)) for seed in range(20)]
    assert len(set(chosen)) > 5


def test_too_many_natural_clients(watch: Dataset) -> None:
    with pytest.raises(UserError) as error:
        deal(watch, 8)
    assert str(error.value) == (
        "clients=8: watch has 7 natural clients (owners with at least 8 training and 2 test rows): ask for no more, or "
        "use partition dirichlet:0.5."
    )


def test_owners_with_too_few_rows_are_no_natural_clients(toy: Callable[..., Dataset]) -> None:
    dataset = toy(owners=3, classes=1, train=LEAST_TRAIN, test=LEAST_TEST)
    dataset.side[(dataset.owner == 1).nonzero()[0]] = Side.GLOBAL_TEST
    shares, summary = parse("natural").deal(dataset, None, 0)
    assert [s.name for s in shares] == ["owner 0", "owner 2"]
    assert summary["natural clients"] == 2
    assert summary["owners with too few rows"] == 1


@pytest.mark.parametrize("clients", [None, 2])
@pytest.mark.parametrize("declared", [True, False])
def test_a_single_owner_is_told_of(table: Callable[..., Dataset], clients: int | None, declared: bool) -> None:
    dataset = table([0, 1] * 20, side=[Side.TRAIN] * 30 + [Side.CLIENT_TEST if declared else Side.GLOBAL_TEST] * 10)
    with pytest.raises(UserError) as error:
        deal(dataset, clients)
    assert str(error.value) == "table has only one natural client (owner 0): use partition dirichlet:0.5."


def test_a_single_owner_is_a_client_for_whoever_asks_for_one(
    table: Callable[..., Dataset], assert_sound: Callable[..., None]
) -> None:
    dataset = table([0, 1] * 20)
    shares = deal(dataset, 1)
    assert [(s.name, len(s.train), len(s.test)) for s in shares] == [("owner 0", 32, 8)]
    assert_sound(dataset, shares)


def test_nobody_has_enough_rows(table: Callable[..., Dataset]) -> None:
    for dataset in (table([0] * 18, owner=[0, 1] * 9), table([])):
        with pytest.raises(UserError) as error:
            deal(dataset)
        assert str(error.value) == (
            "table has no natural client (owner with at least 8 training and 2 test rows): use partition dirichlet:0.5."
        )


def test_owners_of_the_same_units_have_the_same_units_tested(
    emoji_like: Dataset, assert_sound: Callable[..., None]
) -> None:
    shares, summary = parse("natural").deal(emoji_like, None, 0)
    assert_sound(emoji_like, shares)
    tested = [set(emoji_like.samples.unit[s.test].tolist()) for s in shares]
    assert tested[0] == tested[1]
    assert [Counter(emoji_like.samples.label[s.test].tolist()) for s in shares] == [{0: 40, 1: 24, 2: 12, 3: 4}] * 2
    assert summary == {
        "natural clients": 2,
        "owners with too few rows": 0,
        "training rows a client": {"smallest": 320, "median": 320, "largest": 320},
        "test rows a client": {"smallest": 80, "median": 80, "largest": 80},
        "units drawn for tests": {"drawn": 80, "of": 400},
    }


def test_natural_tests_follow_the_labels(stamps_like: Dataset, assert_sound: Callable[..., None]) -> None:
    for seed in range(5):
        shares = deal(stamps_like, None, seed)
        assert len(shares) == 8
        assert_sound(stamps_like, shares)
        for share in shares:
            rows, tested = (
                stamps_like.samples.label[r].bincount(minlength=5)
                for r in (torch.cat([share.train, share.test]), share.test)
            )
            assert (tested - 0.2 * rows).abs().max() < 3


def test_an_owner_of_one_unit_cannot_be_tested_and_is_no_client(table: Callable[..., Dataset]) -> None:
    dataset = table([0] * 60, owner=[0] * 20 + [1] * 20 + [2] * 20, unit=[*range(20), *[20] * 20, *range(21, 41)])
    shares, summary = parse("natural").deal(dataset, None, 0)
    assert [s.name for s in shares] == ["owner 0", "owner 2"]
    assert summary["owners with too few rows"] == 1


def test_an_owner_is_no_client_if_others_need_all_its_units_for_training(table: Callable[..., Dataset]) -> None:
    """Owner 0 could be tested on unit 0 alone, but four of owner 1's ten rows are of it; owner 2 stands alone."""
    pieces = [(0, 0, 2), (0, 1, 8), (1, 0, 4), (1, 1, 4), (1, 2, 2), *((2, unit, 1) for unit in range(3, 13))]
    dataset = table(
        [0] * 30,
        owner=[o for o, _, rows in pieces for _ in range(rows)],
        unit=[u for _, u, n in pieces for _ in range(n)],
    )
    for seed in range(10):
        shares, summary = parse("natural").deal(dataset, None, seed)
        assert [(s.name, len(s.train), len(s.test)) for s in shares] == [("owner 1", 8, 2), ("owner 2", 8, 2)]
        assert summary["owners with too few rows"] == 1
    with pytest.raises(UserError, match="clients=3: table has 2 natural clients"):
        deal(dataset, 3)


def test_natural_units_in_common_can_be_exchanged(table: Callable[..., Dataset]) -> None:
    """Each of three owners has nine units of its own, and one in common with another: ten rows, two for the test."""
    pairs = [(o, 100 * o + i) for o in (0, 1) for i in range(9)] + [(2, 200 + i) for i in range(8)]
    pairs += [(0, 900), (2, 900), (1, 901), (2, 901)]
    dataset = table([0] * 30, owner=[o for o, _ in pairs], unit=[u for _, u in pairs])
    for seed in range(10):
        shares = deal(dataset, None, seed)
        assert [(len(s.train), len(s.test)) for s in shares] == [(8, 2)] * 3
