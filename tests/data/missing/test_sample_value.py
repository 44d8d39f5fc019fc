"""Missing depending on another modality's values."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from counterpoint.data import Dataset, Population, Samples, Side, populate
from counterpoint.data.missing.sample_value import SampleByValue, root_mean_square
from counterpoint.errors import UserError


def splits(people: Population) -> list[Samples]:
    return [*(split for client in people.clients for split in (client.train, client.test)), people.test]


def test_root_mean_square_leaves_out_what_is_not_a_number() -> None:
    nan = torch.nan
    values = torch.tensor([[3.0, -4.0], [nan, 2.0], [nan, nan], [0.0, 0.0]])
    found = root_mean_square(values)
    assert found[:2].tolist() == pytest.approx([12.5**0.5, 2.0])
    assert found[2].isnan() and found[3] == 0
    many = torch.randn(3000, 2, 100, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(root_mean_square(many), many.double().square().mean(dim=(1, 2)).sqrt())


def test_the_upper_half_is_above_the_median_whatever_the_scale(toy: Callable[..., Dataset]) -> None:
    dataset = toy()
    odds = SampleByValue(0.3, "m1").odds(dataset, 0)
    rows = len(dataset.samples)
    assert odds.tolist() == [0.0] * (rows // 2) + [2.0] * (rows // 2), "values of the toy rise from row to row"
    scaled = replace(dataset.samples, x={m: v * 1e-3 for m, v in dataset.samples.x.items()})
    assert torch.equal(SampleByValue(0.3, "m1").odds(replace(dataset, samples=scaled), 0), odds)


def test_rows_without_the_modality_count_to_the_lower_half_and_hold_nothing_that_is_read(
    toy: Callable[..., Dataset],
) -> None:
    dataset = toy()
    dataset.samples.present["m1"][-20:] = False
    expected = SampleByValue(0.3, "m1").odds(dataset, 0)
    assert not expected[-20:].any()
    dataset.samples.x["m1"][-20:] = torch.inf
    assert torch.equal(SampleByValue(0.3, "m1").odds(dataset, 0), expected)


def test_the_named_modality_is_always_kept_and_the_rate_is_exact(watch: Dataset) -> None:
    people = populate(watch, missing="sample:0.3:gyro")
    for split in splits(people):
        assert split.present["gyro"].all()
        assert int((~split.present["acc"]).sum()) == round(0.3 * 2 * len(split))


def test_strong_rows_lose_several_times_as_often(watch: Dataset) -> None:
    people = populate(watch, missing="sample:0.1:gyro")
    strength = root_mean_square(watch.samples.x["gyro"])
    for split in (people.test, max((c.train for c in people.clients), key=len)):
        upper = root_mean_square(split.x["gyro"]) > strength.median()
        lost = ~split.present["acc"]
        assert 3 < float(lost[upper].double().mean() / lost[~upper].double().mean()) < 15


def test_what_cannot_be(watch: Dataset, toy: Callable[..., Dataset]) -> None:
    with pytest.raises(UserError, match="unknown modality of watch 'gyros': did you mean 'gyro'"):
        populate(watch, missing="sample:0.3:gyros")
    with pytest.raises(UserError, match="unknown modality of watch 'labels': did you mean 'label'"):
        populate(watch, missing="sample:0.3:labels")
    with pytest.raises(UserError, match="m0 is the only modality, so no other can be lost"):
        populate(toy(modalities=1), missing="sample:0.3:m0")
    with pytest.raises(UserError, match=r"at most 0.5 can be lost"):
        populate(watch, missing="sample:0.6:acc")


def test_at_the_highest_rate_only_the_named_modality_is_left(toy: Callable[..., Dataset]) -> None:
    people = populate(toy(modalities=3), missing=f"sample:{2 / 3}:m1")
    assert all(split.patterns() == {"m1": len(split)} for split in splits(people))
    assert (toy().side == Side.GLOBAL_TEST).sum() == len(people.test)
