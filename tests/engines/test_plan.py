"""Batches: each row once an epoch, drawn from the client's own generator, one client at a time or many at once."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.engines.plan import Plan, batches, evenly, plan, steps_in


def source(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 3))
def test_every_epoch_visits_every_row_once(rows: int, size: int, epochs: int):
    per_epoch = steps_in(rows, size, 1)
    plan = batches(rows, size, steps_in(rows, size, epochs), source())
    assert len(plan) == per_epoch * epochs
    for epoch in range(epochs):
        mine = plan[epoch * per_epoch : (epoch + 1) * per_epoch]
        assert sorted(torch.cat(mine).tolist()) == list(range(rows))
        assert [len(b) for b in mine] == [size] * (rows // size) + [rows % size] * (rows % size > 0)


def test_steps_of_epochs():
    assert [steps_in(n, 4, 1) for n in (0, 1, 4, 5, 8, 9)] == [0, 1, 1, 2, 2, 3]
    assert steps_in(9, 4, 5) == 15


def test_steps_walk_the_data_again_and_again_in_new_orders():
    plan = batches(6, 4, 5, source())
    assert [len(b) for b in plan] == [4, 2, 4, 2, 4]
    assert torch.cat(plan[:2]).tolist() != torch.cat(plan[2:4]).tolist()
    assert batches(6, 4, 0, source()) == []
    assert batches(0, 4, 0, source()) == []


def test_a_plan_is_its_generators_and_longer_ones_begin_alike():
    short, long = batches(10, 3, 4, source(1)), batches(10, 3, 11, source(1))
    assert all(torch.equal(a, b) for a, b in zip(short, long, strict=False))
    assert torch.cat(batches(10, 3, 4, source(2))).tolist() != torch.cat(short).tolist()


def check(made: Plan, sizes: list[int], batch: int, steps: list[int], seeds: list[int]) -> None:
    """The plan is what `batches` gives each client."""
    longest = max(steps, default=0)
    assert len(made) == len(made.longest) == longest
    assert made.rows.shape[:2] == made.mask.shape[:2] == (longest, len(sizes))
    orders = [batches(*own[:1], batch, own[1], source(own[2])) for own in zip(sizes, steps, seeds, strict=True)]
    for step in range(longest):
        assert made.active[step] == sum(count > step for count in steps)
        assert made.longest[step] == max(len(order[step]) for order in orders if len(order) > step)
        for client, order in enumerate(orders):
            mine = order[step] if len(order) > step else torch.empty(0, dtype=torch.long)
            mask = made.mask[step, client]
            assert mask.tolist() == [place < len(mine) for place in range(len(mask))], "what counts comes first"
            assert torch.equal(made.rows[step, client][mask], mine)
            assert not made.rows[step, client][~mask].any(), "a row that is there, whatever it is"


clients = st.lists(st.tuples(st.integers(1, 25), st.integers(0, 14), st.integers(0, 2**62)), min_size=1, max_size=6)


@given(clients, st.integers(1, 30))
def test_a_plan_of_many_is_the_batches_of_each(drawn: list[tuple[int, int, int]], batch: int):
    """Steps may end inside an epoch or be none, and a batch may be longer than the data."""
    drawn = sorted(drawn, key=lambda own: -own[1])
    sizes, steps, seeds = ([own[i] for own in drawn] for i in range(3))
    check(plan(sizes, batch, steps, seeds), sizes, batch, steps, seeds)


@pytest.mark.parametrize("epochs", [1, 2, 5])
def test_a_plan_of_whole_epochs(epochs: int):
    sizes, seeds = [40, 14, 8, 5, 3, 1], [4, 3, 2, 1, 0, 9]
    steps = [steps_in(n, 4, epochs) for n in sizes]
    check(plan(sizes, 4, steps, seeds), sizes, 4, steps, seeds)


def test_a_plan_of_nothing_to_do():
    made = plan([5, 3], 4, [0, 0], [1, 2])
    assert len(made) == 0 and made.active == [] and made.longest == [] and made.rows.numel() == 0
    made = plan([3, 0], 2, [2, 0], [1, 2])
    check(made, [3, 0], 2, [2, 0], [1, 2])


def test_a_plan_of_nobody():
    assert len(plan([], 4, [], [])) == 0


def test_a_plan_is_no_wider_than_the_data():
    assert plan([3, 2], 1000, [4, 4], [0, 1]).rows.shape[2] == 3


@given(st.integers(0, 300), st.integers(1, 70))
def test_places_are_cut_evenly(count: int, width: int):
    parts = evenly(count, width)
    assert [place for part in parts for place in range(count)[part]] == list(range(count))
    sizes = [part.stop - part.start for part in parts]
    assert max(sizes) - min(sizes) <= 1 and (min(sizes) > 0 or not count)
    assert max(sizes) <= max(width, 1.5 * width), "about this width"
    assert len(parts) == 1 or min(sizes) >= width // 2


@given(clients, st.integers(1, 9), st.integers(1, 4))
def test_a_part_of_a_plan_is_the_plan_of_that_part(drawn: list[tuple[int, int, int]], batch: int, width: int):
    drawn = sorted(drawn, key=lambda own: -own[1])
    sizes, steps, seeds = ([own[i] for own in drawn] for i in range(3))
    whole = plan(sizes, batch, steps, seeds)
    for part in evenly(len(sizes), width):
        check(whole.of(part), sizes[part], batch, steps[part], seeds[part])
