"""Bursts: as many steps as asked for, apart from each other, anywhere, and never a whole sequence."""

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.data.bursts import choose, draw_bursts, steps_lost


def gen(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def runs(row: torch.Tensor) -> list[int]:
    """Lengths of the stretches of lost steps."""
    text = "".join("x" if lost else " " for lost in row.tolist())
    return [len(part) for part in text.split()]


@given(st.integers(1, 8), st.integers(1, 60), st.floats(0, 1, exclude_max=True), st.integers(0, 2**63 - 1))
def test_every_row_loses_exactly_that_many_steps_in_separate_bursts(
    rows: int, steps: int, rate: float, seed: int
) -> None:
    bursts = draw_bursts(rows, steps, rate, gen(seed))
    lost = bursts.mask()
    assert lost.shape == (rows, steps)
    assert lost.sum(dim=1).tolist() == [steps_lost(rate, steps)] * rows
    for row in lost:
        assert runs(row) == [n for n in bursts.length.tolist() if n]
        assert not row.all()


@pytest.mark.parametrize(
    ("steps", "rate", "lengths"),
    [
        (128, 0.2, [13, 13]),
        (128, 0.05, [6]),
        (128, 0.5, [12, 13, 13, 13, 13]),
        (100, 0.3, [10, 10, 10]),
        (12_000, 0.1, [1200]),
        (4, 0.25, [1]),
    ],
)
def test_a_burst_is_about_a_tenth_of_the_sequence(steps: int, rate: float, lengths: list[int]) -> None:
    assert sorted(draw_bursts(2, steps, rate, gen()).length.tolist()) == lengths


def test_never_the_whole_sequence() -> None:
    assert [steps_lost(0.999, steps) for steps in (1, 2, 100, 10_000)] == [0, 1, 99, 9990]


def test_all_places_are_equally_likely() -> None:
    """Two bursts of one step among ten: of the 45 pairs, the 36 without neighbours."""
    lost = draw_bursts(36_000, 10, 0.2, gen()).mask()
    found = Counter(map(tuple, lost.nonzero()[:, 1].view(-1, 2).tolist()))
    assert found.keys() == {(a, b) for a in range(10) for b in range(a + 2, 10)}
    assert max(abs(count / 1000 - 1) for count in found.values()) < 0.15


@pytest.mark.parametrize(("out_of", "count"), [(5, 2), (4, 4), (3, 0), (1, 1)])
def test_choose_takes_every_set_equally_often(out_of: int, count: int) -> None:
    chosen = choose(6000, out_of, count, gen()).sort(dim=1).values
    found = Counter(map(tuple, chosen.tolist()))
    sets = list(torch.combinations(torch.arange(out_of), count)) if count else [torch.empty(0)]
    assert found.keys() == {tuple(one.tolist()) for one in sets}
    assert [n / 6000 for n in found.values()] == pytest.approx([1 / len(sets)] * len(sets), abs=0.02)


def test_silence_overwrites_what_is_lost_in_all_channels_and_nothing_else() -> None:
    values = torch.randn(5, 3, 40, generator=gen(1))
    before = values.clone()
    bursts = draw_bursts(5, 40, 0.3, gen(2))
    bursts.silence(values)
    lost = bursts.mask()[:, None].expand(-1, 3, -1)
    assert not values[lost].any()
    assert torch.equal(values[~lost], before[~lost])
    sound = torch.ones(2, 40)
    bursts.of(torch.tensor([3, 1])).silence(sound)
    assert torch.equal(sound == 0, bursts.mask()[[3, 1]])


def test_many_rows_are_silenced_part_by_part_to_the_same_effect() -> None:
    bursts = draw_bursts(700, 4000, 0.1, gen())
    values = torch.ones(700, 1, 4000)
    bursts.silence(values)
    assert torch.equal(values[:, 0] == 0, bursts.mask())
