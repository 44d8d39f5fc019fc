"""The draw of what is missing: exact, uniform or weighted, and never all of a row."""

from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.data.missing.exact import check_rate, draw
from counterpoint.errors import UserError


def gen(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def full(rows: int, modalities: int) -> torch.Tensor:
    return torch.ones(rows, modalities, dtype=torch.bool)


@given(st.data(), st.integers(0, 40), st.integers(1, 6), st.integers(0, 2**63 - 1), st.booleans(), st.booleans())
def test_the_draw_is_exact_and_spares_every_row(
    data: st.DataObject, rows: int, modalities: int, seed: int, weighted: bool, one_stays: bool
) -> None:
    rate = data.draw(st.floats(0, (modalities - 1) / modalities))
    odds = torch.linspace(-3, 3, rows, dtype=torch.float64) if weighted else None
    kept = draw(full(rows, modalities), rate, gen(seed), odds=odds, always=modalities - 1 if one_stays else None)
    assert kept.shape == (rows, modalities)
    assert int((~kept).sum()) == round(rate * rows * modalities)
    assert kept.any(dim=1).all()
    assert not one_stays or kept[:, -1].all()


@given(st.data(), st.integers(1, 20), st.integers(1, 4), st.integers(0, 2**63 - 1), st.booleans())
def test_the_draw_respects_what_the_origin_lacks(
    data: st.DataObject, rows: int, modalities: int, seed: int, weighted: bool
) -> None:
    cells = data.draw(st.lists(st.booleans(), min_size=rows * modalities, max_size=rows * modalities))
    present = torch.tensor(cells).view(rows, modalities)
    rate = data.draw(st.floats(0, (modalities - 1) / modalities))
    before = present.clone()
    kept = draw(present, rate, gen(seed), odds=torch.arange(rows).double() if weighted else None)
    assert torch.equal(present, before)
    assert not (kept & ~present).any()
    assert torch.equal(kept.any(dim=1), present.any(dim=1))
    most = int(present.sum()) - int(present.any(dim=1).sum())
    assert int((present & ~kept).sum()) == min(round(rate * int(present.sum())), most)


@pytest.mark.parametrize("modalities", [2, 3, 5])
def test_the_highest_rate_leaves_exactly_one_each(modalities: int) -> None:
    kept = draw(full(100, modalities), (modalities - 1) / modalities, gen())
    assert (kept.sum(dim=1) == 1).all()


def test_all_modalities_are_lost_equally_often_and_patterns_are_uniform() -> None:
    kept = draw(full(60_000, 3), 1 / 3, gen())
    assert int((~kept).sum()) == 60_000
    assert (~kept).double().mean(dim=0).tolist() == pytest.approx([1 / 3] * 3, abs=0.01)
    codes = (kept.long() * torch.tensor([1, 2, 4])).sum(dim=1).bincount(minlength=8) / 60_000
    assert codes.tolist() == pytest.approx([0, 1 / 12, 1 / 12, 1 / 6, 1 / 12, 1 / 6, 1 / 6, 1 / 4], abs=0.01)


def test_the_draw_depends_on_the_generator_alone() -> None:
    first, again, other = (draw(full(50, 3), 0.4, gen(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_nothing_is_lost_at_rate_zero() -> None:
    assert draw(full(7, 1), 0.0, gen()).all()


def test_with_odds_entries_are_drawn_in_proportion_to_their_weights() -> None:
    """Weights 1, 2, 5: how often each pair of rows is what two draws without replacement take."""
    odds = torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64).log()
    expected = torch.zeros(3)
    weight = [1.0, 2.0, 5.0]
    for first, second in product(range(3), repeat=2):
        if first != second:
            chance = weight[first] / 8 * weight[second] / (8 - weight[first])
            expected[first] += chance
            expected[second] += chance
    lost = torch.zeros(3)
    source = gen(3)
    for _ in range(4000):
        lost += (~draw(full(3, 2), 1 / 3, source, odds=odds)).sum(dim=1)
    assert (lost / 4000).tolist() == pytest.approx(expected.tolist(), abs=0.03)


def test_odds_far_apart_decide_alone() -> None:
    odds = torch.tensor([0.0, 500.0] * 20, dtype=torch.float64)
    kept = draw(full(40, 2), 0.25, gen(), odds=odds)
    assert kept.sum(dim=1).tolist() == [2, 1] * 20


def test_a_column_that_is_never_lost() -> None:
    present = full(30, 3)
    present[:10, 1] = False
    kept = draw(present, 0.5, gen(), always=1)
    assert torch.equal(kept[:, 1], present[:, 1])
    assert kept.any(dim=1).all()


@pytest.mark.parametrize(("rate", "modalities", "most"), [(0.51, 2, "0.5"), (0.667, 3, "0.6666"), (0.9, 4, "0.75")])
def test_too_high_a_rate_names_the_most(rate: float, modalities: int, most: str) -> None:
    with pytest.raises(UserError, match=f"with {modalities} modalities, .* at most {most} can be lost"):
        draw(full(9, modalities), rate, gen())
    check_rate(float(most), modalities)


def test_a_single_modality_cannot_be_missing() -> None:
    with pytest.raises(UserError, match="there is only one modality"):
        draw(full(9, 1), 0.1, gen())
