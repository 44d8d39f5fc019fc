"""Dealing units of very different sizes."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from counterpoint.data import Dataset
from counterpoint.data.partitions import parse
from counterpoint.data.partitions.cells import Pieces, cut
from counterpoint.data.partitions.whole import plan


def pieces_of(sizes: list[int], cell: list[int]) -> Pieces:
    piece = np.repeat(np.arange(len(sizes)), sizes)
    return Pieces(np.arange(len(piece)), piece, np.array(cell), np.bincount(cell))


def test_clients_get_their_share_of_the_rows() -> None:
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 30, 400)
    pieces = pieces_of(sizes.tolist(), [0] * 200 + [1] * 200)
    share = np.array([[0.5, 0.3, 0.2, 0.0], [0.1, 0.0, 0.0, 0.9]])
    client = plan(pieces, share, rng)
    got = np.zeros((2, 4))
    np.add.at(got, (pieces.cell, client), sizes)
    assert np.abs(got - share * got.sum(axis=1, keepdims=True)).max() < 30
    assert (got[share == 0] == 0).all()


def test_who_is_given_a_giant_gets_no_more_of_its_cell() -> None:
    pieces = pieces_of([100] + [1] * 20, [0] * 21)
    for seed in range(20):
        client = plan(pieces, np.full((1, 3), 1 / 3), np.random.default_rng(seed))
        assert (client[1:] != client[0]).all()
        assert sorted(np.bincount(client[1:], minlength=3).tolist())[0] == 0


def test_small_cells_are_shared_on_average() -> None:
    pieces = pieces_of([3] * 6000, list(range(6000)))
    client = plan(pieces, np.full((6000, 3), [0.6, 0.3, 0.1]), np.random.default_rng(0))
    assert np.bincount(client) / 6000 == pytest.approx([0.6, 0.3, 0.1], abs=0.02)


def test_a_plan_is_followed_but_where_small_clients_are_fed() -> None:
    pieces = pieces_of([9, 5, 1, 4, 2], [0] * 5)
    first_rows = [0, 9, 14, 15, 19]
    planned = np.array([0, 0, 0, 1, 1])
    followed = pieces.deal(np.array([[3, 2, 0]]), 0, [("train", 0)], planned)
    assert followed[first_rows].tolist() == [0, 0, 0, 1, 1]
    fed = pieces.deal(np.array([[2, 2, 1]]), 0, [("train", 0)], planned)
    assert fed[first_rows].tolist() == [0, 0, 2, 1, 1]


@pytest.mark.parametrize("spec", ["iid", "quantity:1.0", "dirichlet:1.0", "pathological:2", "dirichlet:1+owner:1"])
def test_recordings_of_different_lengths(
    table: Callable[..., Dataset], assert_sound: Callable[..., None], spec: str
) -> None:
    rng = np.random.default_rng(1)
    lengths = np.where(rng.random(120) < 0.1, 100, rng.integers(5, 20, 120))
    unit = np.repeat(np.arange(120), lengths)
    dataset = table((unit % 4).tolist(), owner=(unit % 3).tolist(), unit=unit.tolist())
    assert not cut(dataset, by_owner=False).train.even
    for seed in range(3):
        shares, _ = parse(spec).deal(dataset, 8, seed)
        assert_sound(dataset, shares)
        units = [set(dataset.samples.unit[torch.cat([s.train, s.test])].tolist()) for s in shares]
        assert sum(map(len, units)) == 120
    if spec == "iid":
        sizes = [len(s.train) + len(s.test) for s in shares]
        assert max(sizes) - min(sizes) < 110
