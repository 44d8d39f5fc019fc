"""Label skew on the real watch data: every row once, sizes guaranteed, skew as asked, the same bits for ever."""

import hashlib
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch

from counterpoint.data import Dataset, Side
from counterpoint.data.partitions import LEAST_TEST, Share, parse
from counterpoint.data.partitions.part import log_gamma
from counterpoint.data.partitions.rounding import share_of
from counterpoint.errors import UserError


def deal(dataset: Dataset, spec: str, clients: int | None = None, seed: int = 0) -> list[Share]:
    return parse(spec).deal(dataset, clients, seed)[0]


def distribution(dataset: Dataset, rows: torch.Tensor) -> torch.Tensor:
    return dataset.samples.label[rows].bincount(minlength=len(dataset.task.classes)).double() / len(rows)


def skew(dataset: Dataset, shares: list[Share]) -> float:
    """Mean total variation distance of the clients' label distributions from that of all training rows."""
    whole = distribution(dataset, (dataset.side == Side.TRAIN).nonzero().flatten())
    return float(torch.stack([(distribution(dataset, s.train) - whole).abs().sum() / 2 for s in shares]).mean())


def digest(shares: list[Share]) -> str:
    hashed = hashlib.blake2b(digest_size=8)
    for share in shares:
        for rows in (share.train, share.test):
            hashed.update(str(rows.tolist()).encode())
    return hashed.hexdigest()


@pytest.mark.parametrize(
    ("spec", "clients", "seed", "value"),
    [
        ("dirichlet:0.5", None, 0, "6b5e6fc8999ec2f3"),
        ("dirichlet:0.1", 20, 1, "875db12975c6b1e0"),
        ("dirichlet:0.001", 152, 2, "98536b001e7393c7"),
        ("natural", 3, 5, "b6828513216f3b40"),
    ],
)
def test_the_rows_are_those_of_the_first_version(
    watch: Dataset, spec: str, clients: int | None, seed: int, value: str
) -> None:
    assert digest(deal(watch, spec, clients, seed)) == value


def test_sizes_on_watch(watch: Dataset) -> None:
    shares, summary = parse("dirichlet:0.5").deal(watch, None, 0)
    assert [len(s.train) for s in shares] == [82, 90, 201, 56, 171, 64, 175, 45, 144, 193]
    assert [len(s.test) for s in shares] == [83, 91, 203, 57, 173, 66, 177, 46, 146, 197]
    assert summary == {
        "parts": {"dirichlet:0.5": "label skew"},
        "training rows a client": {"smallest": 45, "median": 117, "largest": 201},
        "test rows a client": {"smallest": 46, "median": 118.5, "largest": 203},
        "rows moved to feed small clients": {"train": 0, "test": 0},
    }


@pytest.mark.parametrize("alpha", ["1e-300", "1e-3", "0.1", "0.5", "1", "100", "1e6", "1e300"])
@pytest.mark.parametrize("clients", [1, 10, 60, 152])
def test_everyone_is_fed_and_every_row_is_dealt_once(
    watch: Dataset, assert_sound: Callable[..., None], alpha: str, clients: int
) -> None:
    shares = deal(watch, f"dirichlet:{alpha}", clients)
    assert [s.name for s in shares] == [f"client {k}" for k in range(clients)]
    assert_sound(watch, shares)


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


def test_equal_seeds_deal_equally(watch: Dataset) -> None:
    first, again, other = (deal(watch, "dirichlet:0.5", 10, seed) for seed in (3, 3, 4))
    assert digest(first) == digest(again) != digest(other)


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


def test_test_rows_can_be_what_there_is_too_little_of(
    toy: Callable[..., Dataset], assert_sound: Callable[..., None]
) -> None:
    dataset = toy(owners=2, classes=2, train=100, test=3)
    with pytest.raises(UserError, match="use at most 6 clients"):
        deal(dataset, "dirichlet:1", 7)
    for seed in range(10):
        shares = deal(dataset, "dirichlet:0.1", 6, seed)
        assert_sound(dataset, shares)
        assert [len(s.test) for s in shares] == [LEAST_TEST] * 6


def test_a_class_on_one_side_only(toy: Callable[..., Dataset], assert_sound: Callable[..., None]) -> None:
    dataset = toy()
    dataset.side[(dataset.samples.label == 2) & (dataset.side == Side.TRAIN)] = Side.GLOBAL_TEST
    shares, summary = parse("dirichlet:0.5").deal(dataset, 5, 0)
    assert_sound(dataset, shares)
    assert not any("left out" in key for key in summary)


def test_a_thousand_clients_take_little_time(toy: Callable[..., Dataset], assert_sound: Callable[..., None]) -> None:
    dataset = toy(owners=10, classes=10, train=90, test=30)
    start = time.monotonic()
    shares = deal(dataset, "dirichlet:0.01", 1000)
    assert time.monotonic() - start < 5
    assert_sound(dataset, shares)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 5.0])
def test_proportions_have_the_moments_of_a_dirichlet(alpha: float) -> None:
    p = np.exp(share_of(log_gamma(alpha, (20_000, 4), 0, "dirichlet")))
    assert p.sum(axis=1) == pytest.approx(1)
    assert p.mean(axis=0) == pytest.approx(0.25, abs=0.01)
    assert p.var(axis=0) == pytest.approx(0.25 * 0.75 / (4 * alpha + 1), rel=0.05)
