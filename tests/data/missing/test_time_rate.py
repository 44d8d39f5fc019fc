"""Missing inside sequences: exact in every row, seeded, and independent between modalities and splits."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from counterpoint.data import Dataset, Modality, Population, Samples, populate
from counterpoint.errors import UserError


def splits(people: Population) -> list[Samples]:
    return [*(split for client in people.clients for split in (client.train, client.test)), people.test]


def silent(samples: Samples, whole: Samples, modality: str) -> torch.Tensor:
    """Which steps were overwritten, bool [rows, steps]: watch has no step that is zero in all channels."""
    assert not (whole.x[modality] == 0).all(dim=1).any()
    return (samples.x[modality] == 0).all(dim=1)


@pytest.mark.parametrize(("rate", "lost"), [(0.05, 6), (0.2, 26), (0.95, 122), (0.999, 127)])
def test_every_row_loses_exactly_its_share(watch: Dataset, rate: float, lost: int) -> None:
    whole, people = populate(watch), populate(watch, missing=f"time:{rate}")
    for before, after in zip(splits(whole), splits(people), strict=True):
        assert after.patterns() == before.patterns()
        for m in after.modalities:
            gone = silent(after, before, m)
            assert gone.sum(dim=1).tolist() == [lost] * len(after)
            kept = ~gone[:, None].expand(-1, 3, -1)
            assert torch.equal(after.x[m][kept], before.x[m][kept])
    told = people.drawn["missing"]
    assert told["steps lost of each row"] == {"acc": f"{lost} of 128", "gyro": f"{lost} of 128"}
    assert told["realised rate"] == people.drawn["test"]["realised missing rate"] == lost / 128
    assert people.drawn["missing rate by modality"]["training"] == {"acc": 0, "gyro": 0}


def test_modalities_and_splits_are_drawn_apart_and_by_the_seed(watch: Dataset) -> None:
    whole, people, again, other = (
        populate(watch, missing=spec, seed=seed)
        for spec, seed in (("none", 0), ("time:0.2", 0), ("time:0.2", 0), ("time:0.2", 1))
    )
    masks = [
        [silent(rows, before, m)[:50] for rows, before in zip(splits(one), splits(whole), strict=True) for m in rows.x]
        for one in (people, again, other)
    ]
    assert all(torch.equal(a, b) for a, b in zip(masks[0], masks[1], strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(masks[0], masks[2], strict=True))
    assert not any(torch.equal(masks[0][i], masks[0][j]) for i in range(len(masks[0])) for j in range(i))


def test_only_sequences_and_sound_have_steps(toy: Callable[..., Dataset]) -> None:
    dataset = toy(modalities=3)
    values = {"m0": torch.ones(len(dataset.owner), 50), "m1": torch.ones(len(dataset.owner), 2, 10)}
    kinds = {"m0": Modality("m0", "audio", (50,)), "m1": Modality("m1", "sequence", (2, 10))}
    dataset = replace(
        dataset,
        modalities={**dataset.modalities, **kinds},
        samples=replace(dataset.samples, x={**dataset.samples.x, **values}),
    )
    people = populate(dataset, missing="time:0.3")
    for split in splits(people):
        assert (split.x["m0"] == 0).sum(dim=1).tolist() == [15] * len(split)
        assert (split.x["m1"] == 0).sum(dim=2).tolist() == [[3, 3]] * len(split)
        assert split.x["m2"].all()
    assert people.drawn["missing"]["steps lost of each row"] == {"m0": "15 of 50", "m1": "3 of 10"}
    assert people.drawn["missing"]["realised rate"] == pytest.approx(0.3)


def test_data_without_steps_is_refused(toy: Callable[..., Dataset]) -> None:
    with pytest.raises(UserError, match=r"toy has no modality of kind sequence or audio \(m0 is table, m1 is table\)"):
        populate(toy(modalities=2), missing="time:0.3")


def test_what_the_origin_lacks_stays_missing(watch: Dataset) -> None:
    present = {m: there.clone() for m, there in watch.samples.present.items()}
    present["acc"][::2] = False
    people = populate(replace(watch, samples=replace(watch.samples, present=present)), missing="time:0.2")
    for split in splits(people):
        assert not split.x["acc"][~split.present["acc"]].any()
        assert (split.x["acc"][split.present["acc"]] == 0).all(dim=1).sum(dim=1).unique().tolist() == [26]
