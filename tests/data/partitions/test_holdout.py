"""Tests drawn after the partition, in whole units."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.data.partitions import LEAST_TEST, LEAST_TRAIN
from counterpoint.data.partitions.cells import splits
from counterpoint.data.partitions.holdout import hold_out, wanted_rows


def draw(rows: Sequence[tuple[int, int, int]], clients: int, seed: int = 0) -> tuple[np.ndarray, list[int]]:
    """Of rows (client, unit, label)."""
    client, unit, label = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return hold_out(client, unit, label, clients, seed)


def test_a_fifth_is_wanted_by_largest_remainders() -> None:
    rows = np.array([[50, 30, 20], [9, 9, 2], [6, 3, 1], [4, 4, 1], [1, 99, 0]])
    assert wanted_rows(rows, 0)[[0, 1, 2, 4]].tolist() == [[10, 6, 4], [2, 2, 0], [1, 1, 0], [0, 20, 0]]
    nine = {tuple(wanted_rows(rows, seed)[3].tolist()) for seed in range(20)}
    assert nine == {(1, 1, 0)}


def test_chance_decides_between_equal_remainders() -> None:
    wanted = {tuple(wanted_rows(np.array([[4, 4, 4]]), seed)[0].tolist()) for seed in range(30)}
    assert wanted == {(1, 1, 0), (1, 0, 1), (0, 1, 1)}


def test_where_units_are_rows_the_draw_is_exact() -> None:
    labels = [0] * 35 + [1] * 15
    rows = [(client, 100 * client + i, label) for client in range(3) for i, label in enumerate(labels)]
    for seed in range(10):
        drawn, stuck = draw(rows, 3, seed)
        tested = np.array(rows)[drawn]
        counts = [[int(((tested[:, 0] == k) & (tested[:, 2] == c)).sum()) for c in range(2)] for k in range(3)]
        assert stuck == []
        assert counts == [[7, 3]] * 3


def test_equal_seeds_draw_equally_and_every_unit_has_its_turn() -> None:
    rows = [(0, i, i % 3) for i in range(30)]
    draws = [draw(rows, 1, seed)[0] for seed in range(60)]
    assert (draws[7] == draw(rows, 1, 7)[0]).all()
    assert np.any(draws, axis=0).all()


def test_large_units_are_drawn_by_the_client_if_not_by_the_label() -> None:
    """Five classes of two recordings of 20 rows: 8 rows of each class are wanted, 40 in all, so two recordings go."""
    rows = [(0, unit, unit // 2) for unit in range(10) for _ in range(20)]
    for seed in range(10):
        drawn, _ = draw(rows, 1, seed)
        tested = {rows[i][1] for i in drawn.nonzero()[0]}
        assert drawn.sum() == 40
        assert len({unit // 2 for unit in tested}) == 2


def test_a_client_trains_on_each_of_its_labels_if_it_can() -> None:
    """Of the second class there is one large unit; instead, six rows of the first class are drawn, not four."""
    rows = [(0, unit, 0) for unit in range(20)] + [(0, 50, 1)] * 20
    for seed in range(10):
        drawn, _ = draw(rows, 1, seed)
        assert not drawn[20:].any()
        assert drawn.sum() == 6


def test_the_smallest_clients_are_provided_for() -> None:
    cases = [[1] * 10, [2, 8], [1, 2, 7], [1, 1, 8], [3, 9], [1, 3, 8], [2, 2, 2, 4], [5, 5, 5]]
    rows = [(k, 100 * k + unit, 0) for k, sizes in enumerate(cases) for unit, n in enumerate(sizes) for _ in range(n)]
    for seed in range(20):
        drawn, stuck = draw(rows, len(cases), seed)
        client = np.array(rows)[:, 0]
        assert stuck == []
        assert np.bincount(client[drawn]).min() >= LEAST_TEST
        assert np.bincount(client[~drawn]).min() >= LEAST_TRAIN


def test_those_who_cannot_be_tested_are_named() -> None:
    """Client 1 has one unit; client 2 has ten rows in two units of five; client 0 has enough."""
    rows = [(0, i, 0) for i in range(10)] + [(1, 20, 0)] * 30 + [(2, 30 + i % 2, 0) for i in range(10)]
    drawn, stuck = draw(rows, 3)
    assert stuck == [1, 2]
    assert not drawn[10:].any()


def test_no_rows() -> None:
    drawn, stuck = draw([], 0)
    assert (len(drawn), stuck) == (0, [])


@st.composite
def dealt_rows(draw: st.DrawFn) -> tuple[list[tuple[int, int, int]], int]:
    """Rows at a few clients: some units at one client, some at several; unit sizes from 1 to 6."""
    clients = draw(st.integers(1, 5))
    seed = draw(st.integers(0, 2**32 - 1))
    shared = draw(st.sampled_from([0.0, 0.3, 1.0]))
    rng = np.random.default_rng(seed)
    rows = []
    for unit in range(int(rng.integers(1, 60))):
        several = rng.random() < shared
        for client in range(clients) if several else [int(rng.integers(clients))]:
            if not several or rng.random() < 0.8:
                rows += [(client, unit, int(rng.integers(3)) if rng.random() < 0.1 else unit % 3)] * int(
                    rng.integers(1, 7)
                )
    return rows, clients


@given(dealt_rows(), st.integers(0, 1000))
def test_whatever_is_drawn_is_sound(dealt: tuple[list[tuple[int, int, int]], int], seed: int) -> None:
    rows, clients = dealt
    drawn, stuck = draw(rows, clients, seed)
    client, unit, _ = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    assert not set(unit[drawn]) & set(unit[~drawn])
    having, tested = np.bincount(client, minlength=clients), np.bincount(client[drawn], minlength=clients)
    assert (having - tested >= np.minimum(having, LEAST_TRAIN)).all()
    assert stuck == (tested < LEAST_TEST).nonzero()[0].tolist()
    if len(set(zip(client, unit, strict=True))) == len(set(unit)):
        able = [splits(np.unique(unit[client == k], return_counts=True)[1]) for k in range(clients)]
        assert stuck == [k for k in range(clients) if not able[k]]


@pytest.mark.parametrize("clients", [20, 60])
def test_clients_that_share_units_have_about_a_fifth_each(clients: int) -> None:
    rng = np.random.default_rng(clients)
    rows = [(int(rng.integers(clients)), unit, unit % 4) for unit in range(600) for _ in range(6)]
    drawn, stuck = draw(rows, clients)
    client = np.array(rows)[:, 0]
    share = np.bincount(client[drawn]) / np.bincount(client)
    assert stuck == []
    assert abs(drawn.mean() - 0.2) < 0.05
    assert share.min() > 0.08
    assert share.max() < 0.35
