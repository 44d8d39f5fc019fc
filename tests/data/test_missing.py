"""The draw of what is missing: exact, uniform, and never all of a row."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.data.missing import Missing, check_rate, draw, parse
from counterpoint.errors import UserError


def gen(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def full(rows: int, modalities: int) -> torch.Tensor:
    return torch.ones(rows, modalities, dtype=torch.bool)


@given(st.data(), st.integers(0, 40), st.integers(1, 6), st.integers(0, 2**63 - 1))
def test_the_draw_is_exact_and_spares_every_row(data: st.DataObject, rows: int, modalities: int, seed: int) -> None:
    rate = data.draw(st.floats(0, (modalities - 1) / modalities))
    kept = draw(full(rows, modalities), rate, gen(seed))
    assert kept.shape == (rows, modalities)
    assert int((~kept).sum()) == round(rate * rows * modalities)
    assert kept.any(dim=1).all()


@given(st.data(), st.integers(1, 20), st.integers(1, 4), st.integers(0, 2**63 - 1))
def test_the_draw_respects_what_the_origin_lacks(data: st.DataObject, rows: int, modalities: int, seed: int) -> None:
    cells = data.draw(st.lists(st.booleans(), min_size=rows * modalities, max_size=rows * modalities))
    present = torch.tensor(cells).view(rows, modalities)
    rate = data.draw(st.floats(0, (modalities - 1) / modalities))
    before = present.clone()
    kept = draw(present, rate, gen(seed))
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


@pytest.mark.parametrize(("rate", "modalities", "most"), [(0.51, 2, "0.5"), (0.667, 3, "0.6666"), (0.9, 4, "0.75")])
def test_too_high_a_rate_names_the_most(rate: float, modalities: int, most: str) -> None:
    with pytest.raises(UserError, match=f"with {modalities} modalities, .* at most {most} can be lost"):
        draw(full(9, modalities), rate, gen())
    check_rate(float(most), modalities)


def test_a_single_modality_cannot_be_missing() -> None:
    with pytest.raises(UserError, match="there is only one modality"):
        draw(full(9, 1), 0.1, gen())


@pytest.mark.parametrize(
    ("spec", "expected"),
    [("none", Missing()), ("client:0.3", Missing("client", 0.3)), ("sample:0.0", Missing("sample", 0.0))],
)
def test_parse(spec: str, expected: Missing) -> None:
    assert parse(spec) == expected
    assert expected.spec == spec


@pytest.mark.parametrize("rate", ["", "1", "1.5", "-0.1", "nan", "inf", "many"])
@pytest.mark.parametrize("level", ["client", "sample"])
def test_a_rate_is_a_number_from_zero_to_below_one(level: str, rate: str) -> None:
    with pytest.raises(UserError, match=f"write {level}:RATE with a number from 0 to below 1"):
        parse(f"{level}:{rate}")


def test_texts_that_mean_nothing() -> None:
    with pytest.raises(UserError, match="unknown missingness 'clients': did you mean 'client'"):
        parse("clients:0.3")
    with pytest.raises(UserError, match="none takes nothing after it"):
        parse("none:0.3")
