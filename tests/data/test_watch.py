"""The watch source against the raw file in the pinned wheel."""

import io
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from counterpoint.data import Dataset, Side
from counterpoint.data.sources import watch as source

PER_CLASS = {"PEN": 388, "ABD": 592, "FEL": 602, "IR": 555, "ER": 556, "TRAP": 449, "ROW": 463}
PER_SUBJECT = [433, 418, 234, 226, 377, 367, 405, 372, 373, 400]


@pytest.fixture(scope="module")
def raw(wheel: Path) -> dict:
    with zipfile.ZipFile(wheel) as archive:
        return np.load(io.BytesIO(archive.read(source.MEMBER)), allow_pickle=True).item()


@pytest.fixture(scope="module")
def side_of_unit(watch: Dataset) -> list[set[int]]:
    return [set(watch.side[watch.samples.unit == unit].tolist()) for unit in range(140)]


def test_shapes_types_and_names(watch: Dataset) -> None:
    assert len(watch.samples) == 3605
    assert watch.samples.modalities == ("acc", "gyro") == tuple(watch.modalities)
    for name, unit in (("acc", "g"), ("gyro", "rad/s")):
        modality, values = watch.modalities[name], watch.samples.x[name]
        assert (modality.name, modality.kind, modality.shape, modality.unit) == (name, "sequence", (3, 128), unit)
        assert values.shape == (3605, 3, 128)
        assert values.dtype == torch.float32
        assert values.isfinite().all()
        assert watch.samples.present[name].all()
    assert {v.dtype for v in (watch.samples.label, watch.samples.unit, watch.owner, watch.side)} == {torch.int64}


def test_counts_per_class_and_subject(watch: Dataset) -> None:
    assert watch.task.classes == tuple(PER_CLASS)
    assert watch.samples.label.bincount().tolist() == list(PER_CLASS.values())
    assert watch.owner.bincount().tolist() == PER_SUBJECT
    assert watch.owners == tuple(f"subject {i}" for i in range(1, 11))


def test_the_card_tells_the_truth(watch: Dataset) -> None:
    sides = Counter(watch.side.tolist())
    assert watch.card is source.CARD
    assert watch.card.classes == watch.task.classes
    assert watch.card.modalities == {
        m.name: f"{m.kind}, {' x '.join(map(str, m.shape))}, {m.unit}" for m in watch.modalities.values()
    }
    assert watch.card.counts == {
        "rows": 3605,
        "train rows": sides[Side.TRAIN],
        "client test rows": sides[Side.CLIENT_TEST],
        "global test rows": sides[Side.GLOBAL_TEST],
        "recordings": len(watch.samples.unit.unique()),
        "subjects": len(watch.owner.unique()),
        "classes": 7,
    }
    assert dict(sides) == {Side.TRAIN: 1221, Side.CLIENT_TEST: 1239, Side.GLOBAL_TEST: 1145}


def test_windows_are_the_raw_values(watch: Dataset, raw: dict) -> None:
    assert raw["y_labels"] == list(source.CLASSES)
    assert raw["X_labels"] == ["ax", "ay", "az", "wx", "wy", "wz"]
    first = int(raw["side"][0])
    assert watch.samples.x["acc"][0, :, 0].tolist() == pytest.approx([-1.083608, -0.018609, -0.02726])
    assert watch.samples.x["gyro"][0, :, 0].tolist() == pytest.approx([0.41141, -1.603097, -2.488642])
    assert first == 1, "the first recording is of a right arm, so nothing is mirrored"
    row = 0
    for unit, recording in enumerate(raw["X"]):
        for start in range(0, len(recording) - 127, 64):
            signs = 1 if raw["side"][unit] else np.array([[-1], [1], [1], [1], [-1], [-1]])
            expected = (recording[start : start + 128].T * signs).astype(np.float32)
            assert np.array_equal(watch.samples.x["acc"][row].numpy(), expected[:3])
            assert np.array_equal(watch.samples.x["gyro"][row].numpy(), expected[3:])
            got = (watch.samples.unit[row], watch.samples.label[row], watch.owner[row] + 1)
            assert tuple(map(int, got)) == (unit, raw["y"][unit], raw["subject"][unit])
            row += 1
    assert row == 3605


def test_three_subjects_are_held_out_whole(watch: Dataset) -> None:
    held_out = watch.side == Side.GLOBAL_TEST
    assert watch.owner[held_out].unique().tolist() == [7, 8, 9]
    assert watch.owner[~held_out].unique().tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_no_recording_lies_on_two_sides(side_of_unit: list[set[int]]) -> None:
    assert all(len(sides) == 1 for sides in side_of_unit)


def test_each_client_trains_and_is_tested_on_every_exercise_once(
    watch: Dataset, raw: dict, side_of_unit: list[set[int]]
) -> None:
    seen = Counter(
        (s, int(y), next(iter(side_of_unit[u]))) for u, (s, y) in enumerate(zip(raw["subject"], raw["y"], strict=True))
    )
    assert seen == {
        **{(s, y, side): 1 for s in range(1, 8) for y in range(7) for side in (Side.TRAIN, Side.CLIENT_TEST)},
        **{(s, y, Side.GLOBAL_TEST): 2 for s in (8, 9, 10) for y in range(7)},
    }


def test_both_arms_are_about_equally_often_on_either_side(raw: dict, side_of_unit: list[set[int]]) -> None:
    arms = Counter(
        (int(raw["y"][unit]), next(iter(sides)), int(raw["side"][unit])) for unit, sides in enumerate(side_of_unit)
    )
    for exercise in range(7):
        for side in (Side.TRAIN, Side.CLIENT_TEST):
            assert sorted(arms[exercise, side, arm] for arm in (0, 1)) == [3, 4]
    assert sum(arms[exercise, Side.TRAIN, 0] for exercise in range(7)) == 24


def test_the_split_is_pinned() -> None:
    assert [sorted(source.left_arm_trains(exercise)) for exercise in range(7)] == [
        [2, 4, 5],
        [2, 4, 5, 7],
        [2, 4, 7],
        [1, 4, 6, 7],
        [4, 5, 6],
        [3, 4, 5, 6],
        [1, 5, 7],
    ]


def test_mirrored_arms_look_alike(watch: Dataset, raw: dict) -> None:
    """Mirrored, both arms have the same mean ax in each exercise, and the same sign of the moment E[ay wz]."""
    right = torch.tensor(raw["side"].astype(int))[watch.samples.unit] == 1
    acc, gyro = watch.samples.x["acc"], watch.samples.x["gyro"]
    sway = (acc[:, 0].diff(dim=1) * gyro[:, 2, 1:]).mean(1)
    for exercise in range(7):
        of = watch.samples.label == exercise
        means = [acc[of & arm, 0].mean() for arm in (right, ~right)]
        assert abs(means[0] - means[1]) < 0.2
        if exercise in (1, 3, 4):
            assert sway[of & right].mean() * sway[of & ~right].mean() > 0
