"""Rows that clients do not train on."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from counterpoint.data.holdout import hold_out
from counterpoint.errors import UserError

Make = Callable[..., Any]


def test_units_are_whole_and_nothing_is_lost(make_population: Make) -> None:
    people = make_population((40, 9))
    twos = [replace(c, train=replace(c.train, unit=c.train.unit // 2)) for c in people.clients]
    found = hold_out(replace(people, clients=tuple(twos)), 0.25, seed=1)
    for before, after in zip(twos, found.clients, strict=True):
        assert not set(after.held.unit.tolist()) & set(after.train.unit.tolist())
        assert sorted([*after.held.unit.tolist(), *after.train.unit.tolist()]) == before.train.unit.tolist()
        assert len(before.train) * 0.25 <= len(after.held) <= len(before.train) * 0.25 + 2
        assert bool((after.held.label == -1).all())
        assert torch.equal(after.test.label, before.test.label)


def test_rows_without_labels_are_held_out_too(make_population: Make) -> None:
    (client,) = make_population((20,)).clients
    hidden = replace(client.train.rows(torch.arange(8, 20)), label=torch.full((12,), -1))
    half = replace(client, train=client.train.rows(torch.arange(8)), unlabelled=hidden)
    (found,) = hold_out(replace(make_population((20,)), clients=(half,)), 0.5, seed=0).clients
    assert len(found.held) == 10 and len(found.train) + len(found.unlabelled) == 10
    kept = [*found.held.unit.tolist(), *found.train.unit.tolist(), *found.unlabelled.unit.tolist()]
    assert sorted(kept) == list(range(20))
    assert bool((found.train.label >= 0).all()) and bool((found.unlabelled.label == -1).all())


def test_it_is_drawn_by_seed_and_client(make_population: Make) -> None:
    people = make_population((30, 30))
    one, same, other = (hold_out(people, 0.2, seed) for seed in (1, 1, 2))
    first, second = (c.held.unit.tolist() for c in one.clients)
    assert first == same.clients[0].held.unit.tolist()
    assert first != other.clients[0].held.unit.tolist() and first != second


def test_there_are_always_rows_left(make_population: Make) -> None:
    people = hold_out(make_population((1, 2, 3)), 0.9, seed=0)
    assert [(len(c.train), c.held is None or len(c.held)) for c in people.clients] == [(1, True), (1, 1), (1, 2)]
    assert hold_out(people, 0, seed=0) is people
    with pytest.raises(UserError, match="hold_out=1: the share of the training rows must be"):
        hold_out(people, 1, seed=0)
