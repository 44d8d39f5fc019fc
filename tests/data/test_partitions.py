"""Partitions: every row once, sizes guaranteed, skew as asked."""

import time
from collections.abc import Callable

import numpy as np
import pytest
import torch

from counterpoint.data import Dataset, Side
from counterpoint.data.partitions import LEAST_TEST, LEAST_TRAIN, Share, parse
from counterpoint.data.partitions.dirichlet import fill_up, log_proportions
from counterpoint.errors import UserError


def deal(dataset: Dataset, spec: str, clients: int | None = None, seed: int = 0) -> list[Share]:
    return parse(spec).deal(dataset, clients, seed)[0]


def distribution(dataset: Dataset, rows: torch.Tensor) -> torch.Tensor:
    return dataset.samples.label[rows].bincount(minlength=len(dataset.task.classes)).double() / len(rows)


def skew(dataset: Dataset, shares: list[Share]) -> float:
    """Mean total variation distance of the clients' label distributions from that of all training rows."""
    whole = distribution(dataset, (dataset.side == Side.TRAIN).nonzero().flatten())
    return float(torch.stack([(distribution(dataset, s.train) - whole).abs().sum() / 2 for s in shares]).mean())


def assert_dealt_once(dataset: Dataset, shares: list[Share]) -> None:
    for side, dealt in ((Side.TRAIN, [s.train for s in shares]), (Side.CLIENT_TEST, [s.test for s in shares])):
        assert torch.equal(torch.cat(dealt).sort().values, (dataset.side == side).nonzero().flatten())


def test_natural_clients_are_the_owners(watch: Dataset) -> None:
    shares = deal(watch, "natural")
    assert [s.name for s in shares] == [f"subject {i}" for i in range(1, 8)]
    assert_dealt_once(watch, shares)
    for i, share in enumerate(shares):
        assert set(watch.owner[torch.cat([share.train, share.test])].tolist()) == {i}
        assert not set(watch.samples.unit[share.train].tolist()) & set(watch.samples.unit[share.test].tolist())
        assert watch.samples.label[share.train].unique().tolist() == list(range(7))
        assert watch.samples.label[share.test].unique().tolist() == list(range(7))


def test_fewer_natural_clients_are_chosen_by_the_seed(watch: Dataset) -> None:
    chosen = [tuple(s.name for s in deal(watch, "natural", 3, seed)) for seed in range(20)]
    assert all(len(set(names)) == 3 and list(names) == sorted(names) for names in chosen)
    assert chosen == [tuple(s.name for s in deal(watch, "natural", 3, seed)) for seed in range(20)]
    assert len(set(chosen)) > 5


def test_too_many_natural_clients(watch: Dataset) -> None:
    with pytest.raises(UserError, match=r"clients=8: watch has 7 natural clients .* use partition dirichlet"):
        deal(watch, "natural", 8)


def test_owners_with_too_few_rows_are_no_natural_clients(toy: Callable[..., Dataset]) -> None:
    dataset = toy(owners=3, classes=1, train=LEAST_TRAIN, test=LEAST_TEST)
    dataset.side[(dataset.owner == 1).nonzero()[0]] = Side.GLOBAL_TEST
    shares, summary = parse("natural").deal(dataset, None, 0)
    assert [s.name for s in shares] == ["owner 0", "owner 2"]
    assert summary == {"natural clients": 2, "owners with too few rows": 1}


@pytest.mark.parametrize("spec", ["natural", "dirichlet:1"])
@pytest.mark.parametrize("clients", [0, -3])
def test_at_least_one_client(watch: Dataset, spec: str, clients: int) -> None:
    with pytest.raises(UserError, match=f"clients={clients}: there must be at least 1"):
        deal(watch, spec, clients)


@pytest.mark.parametrize("alpha", ["1e-300", "1e-3", "0.1", "0.5", "1", "100", "1e6", "1e300"])
@pytest.mark.parametrize("clients", [1, 10, 60, 152])
def test_dirichlet_feeds_everyone_and_deals_every_row_once(watch: Dataset, alpha: str, clients: int) -> None:
    shares = deal(watch, f"dirichlet:{alpha}", clients)
    assert [s.name for s in shares] == [f"client {k}" for k in range(clients)]
    assert_dealt_once(watch, shares)
    assert min(len(s.train) for s in shares) >= LEAST_TRAIN
    assert min(len(s.test) for s in shares) >= LEAST_TEST


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("alpha", [1e-3, 0.1, 0.5, 1, 1e6])
def test_train_and_test_labels_of_a_client_agree(watch: Dataset, alpha: float, seed: int) -> None:
    for share in deal(watch, f"dirichlet:{alpha}", 20, seed):
        gap = (distribution(watch, share.train) - distribution(watch, share.test)).abs().sum() / 2
        assert gap < 0.1


@pytest.mark.parametrize("seed", range(3))
def test_skew_grows_as_alpha_falls(watch: Dataset, seed: int) -> None:
    skews = [skew(watch, deal(watch, f"dirichlet:{alpha}", 10, seed)) for alpha in (1e6, 10, 1, 0.1, 1e-3)]
    assert skews == sorted(skews)
    assert skews[0] < 0.02
    assert skews[-1] > 0.6


def test_dirichlet_has_ten_clients_unless_told(watch: Dataset) -> None:
    assert len(deal(watch, "dirichlet:0.5")) == 10


def test_dirichlet_is_deterministic_in_the_seed(watch: Dataset) -> None:
    first, again, other = (deal(watch, "dirichlet:0.5", 10, seed) for seed in (3, 3, 4))
    assert all(torch.equal(a.train, b.train) and torch.equal(a.test, b.test) for a, b in zip(first, again, strict=True))
    assert any(not torch.equal(a.train, b.train) for a, b in zip(first, other, strict=True))


def test_chance_decides_which_rows_of_a_class(watch: Dataset) -> None:
    share = deal(watch, "dirichlet:1e6", 10)[0]
    assert len(set(watch.owner[share.train].tolist())) == 7


@pytest.mark.parametrize("clients", [153, 10**9])
def test_too_many_clients_fail_at_once_with_the_numbers(watch: Dataset, clients: int) -> None:
    start = time.monotonic()
    with pytest.raises(UserError) as error:
        deal(watch, "dirichlet:0.5", clients)
    assert time.monotonic() - start < 1
    assert str(error.value) == (
        f"dirichlet:0.5 over {clients} clients needs {clients} x 8 = {8 * clients} training and {clients} x 2 = "
        f"{2 * clients} test rows, but watch has 1221 and 1239: use at most 152 clients."
    )


def test_test_rows_can_be_what_there_is_too_little_of(toy: Callable[..., Dataset]) -> None:
    dataset = toy(owners=2, classes=2, train=100, test=3)
    with pytest.raises(UserError, match="use at most 6 clients"):
        deal(dataset, "dirichlet:1", 7)
    for seed in range(10):
        shares = deal(dataset, "dirichlet:0.1", 6, seed)
        assert_dealt_once(dataset, shares)
        assert [len(s.test) for s in shares] == [LEAST_TEST] * 6


def test_a_class_on_one_side_only(toy: Callable[..., Dataset]) -> None:
    dataset = toy()
    dataset.side[(dataset.samples.label == 2) & (dataset.side == Side.TRAIN)] = Side.GLOBAL_TEST
    assert_dealt_once(dataset, deal(dataset, "dirichlet:0.5", 5))


def test_a_thousand_clients_take_little_time(toy: Callable[..., Dataset]) -> None:
    dataset = toy(owners=10, classes=10, train=90, test=30)
    start = time.monotonic()
    shares = deal(dataset, "dirichlet:0.01", 1000)
    assert time.monotonic() - start < 5
    assert_dealt_once(dataset, shares)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 5.0])
def test_proportions_have_the_moments_of_a_dirichlet(alpha: float) -> None:
    p = np.exp(log_proportions(alpha, 20_000, 4, 0))
    assert p.sum(axis=1) == pytest.approx(1)
    assert p.mean(axis=0) == pytest.approx(0.25, abs=0.01)
    assert p.var(axis=0) == pytest.approx(0.25 * 0.75 / (4 * alpha + 1), rel=0.05)


def test_fill_up_moves_from_the_largest_and_follows_the_liking() -> None:
    counts = np.array([[10, 6, 0], [4, 0, 0]])
    moved = fill_up(counts, 3, like=np.array([[0.0, 0.0, 0.2], [0.0, 0.0, 0.8]]))
    assert moved == 3
    assert counts.tolist() == [[10, 6, 0], [1, 0, 3]]


@pytest.mark.parametrize("spec", ["dirichlet", "dirichlet:", "dirichlet:0", "dirichlet:-1", "dirichlet:x"])
def test_alpha_must_be_a_number_above_zero(spec: str) -> None:
    with pytest.raises(UserError, match=r"write dirichlet:ALPHA with a number above 0, for example dirichlet:0.5"):
        parse(spec)


@pytest.mark.parametrize("spec", ["dirichlet:nan", "dirichlet:inf", "natural:3", "natural:"])
def test_other_texts_that_mean_nothing(spec: str) -> None:
    with pytest.raises(UserError, match=f"partition {spec!r}: "):
        parse(spec)


def test_an_unknown_partition() -> None:
    with pytest.raises(UserError, match="unknown partition 'dirichlett': did you mean 'dirichlet'"):
        parse("dirichlett:1")


@pytest.mark.parametrize("spec", ["natural", "dirichlet:0.5", "dirichlet:1e-05", "dirichlet:0.12345678901"])
def test_spec_is_what_was_parsed(spec: str) -> None:
    assert parse(spec).spec == spec
