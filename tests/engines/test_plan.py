import torch
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.engines.plan import batches, steps_in


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
