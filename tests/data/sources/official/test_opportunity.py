"""Opportunity out of a folder in its official layout."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from counterpoint.data import Side, populate
from counterpoint.data.sources.official import opportunity
from counterpoint.data.twins import opportunity as twin
from counterpoint.errors import UserError

RUNS = [f"S{subject}-ADL{run}" for subject in range(1, 5) for run in range(1, 6)]
STEPS = 50


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the twin; not to be changed."""
    folder = tmp_path_factory.mktemp("opportunity")
    twin.write(folder)
    return folder


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Path]:
    """A folder of small runs of 50 steps, in which nothing happens but what is said."""

    def make(change: Callable[[str, np.ndarray], None] = lambda name, values: None) -> Path:
        (tmp_path / "dataset").mkdir()
        for name in RUNS:
            values = np.zeros((STEPS, 250))
            values[:, 0] = np.arange(STEPS) * 33
            change(name, values)
            np.savetxt(tmp_path / "dataset" / f"{name}.dat", values, fmt="%g")
        return tmp_path

    return make


def test_rows_labels_owners_and_sides(written: Path) -> None:
    found = opportunity.read(written)
    assert found.samples.x["acce"].shape == (800, 63, 24) and found.samples.x["gyro"].shape == (800, 15, 24)
    assert found.samples.label.bincount().tolist() == [120] + [40] * 17
    assert found.owners == ("person 1", "person 2", "person 3", "person 4")
    assert found.samples.label[:40].tolist() == twin.runs()[0][1], "labels of most steps, not of the edges"
    tested = (found.side == Side.GLOBAL_TEST).nonzero().flatten()
    assert [RUNS[unit] for unit in found.samples.unit[tested].unique().tolist()] == [
        "S2-ADL4",
        "S2-ADL5",
        "S3-ADL4",
        "S3-ADL5",
    ]
    assert found.samples.unit.unique().numel() == 20
    assert all(bool(torch.isfinite(x).all()) for x in found.samples.x.values())


def test_channels_are_distinct_columns() -> None:
    acce, gyro = opportunity.CHANNELS["acce"], opportunity.CHANNELS["gyro"]
    assert len(set(acce)) == 63 and len(set(gyro)) == 15 and not set(acce) & set(gyro)
    assert gyro == (40, 41, 42, 53, 54, 55, 66, 67, 68, 79, 80, 81, 92, 93, 94)
    assert acce[36:] == (
        *(37, 38, 39, 50, 51, 52, 63, 64, 65, 76, 77, 78, 89, 90, 91),
        *(105, 106, 107, 108, 109, 110, 121, 122, 123, 124, 125, 126),
    )


@pytest.mark.parametrize(
    ("column", "modality", "channel"),
    [
        (1, "acce", 0),
        (36, "acce", 35),
        (37, "acce", 36),
        (91, "acce", 50),
        (110, "acce", 56),
        (121, "acce", 57),
        (40, "gyro", 0),
        (94, "gyro", 14),
    ],
)
def test_a_column_lands_in_its_channel(made: Callable[..., Path], column: int, modality: str, channel: int) -> None:
    def mark(name: str, values: np.ndarray) -> None:
        values[24 + 5, column] = 4 if name == "S1-ADL2" else 0

    found = opportunity.read(made(mark))
    marked = {m: (x > 1).nonzero().tolist() for m, x in found.samples.x.items()}
    assert marked.pop(modality) == [[3, channel, 5]], "each run has two windows"
    assert not any(marked.values())


@pytest.mark.parametrize("column", [0, 43, 46, 102, 111, 134, 243, 248])
def test_other_columns_are_not_read(made: Callable[..., Path], column: int) -> None:
    found = opportunity.read(made(lambda name, values: values.__setitem__((3, column), 1000)))
    assert not any(x.any() for x in found.samples.x.values())
    assert not found.samples.label.any()


def test_codes_are_gestures_and_the_majority_decides(made: Callable[..., Path]) -> None:
    def label(name: str, values: np.ndarray) -> None:
        values[:13, 249], values[24:36, 249] = 406516, 405506

    found = opportunity.read(made(label))
    assert [found.task.classes[one] for one in found.samples.label[:2].tolist()] == ["open door 1", "none of these"]
    assert found.task.classes[17] == "toggle switch" and len(found.task.classes) == 18


def test_gaps_take_the_value_before_and_runs_are_standardised_apart(made: Callable[..., Path]) -> None:
    def lose(name: str, values: np.ndarray) -> None:
        values[:, 1] = np.arange(STEPS) * (10 if name == "S4-ADL5" else 1)
        values[6:9, 1] = np.nan
        values[:5, 2] = np.nan
        values[5:, 2] = 3.0

    found = opportunity.read(made(lose))
    first = found.samples.x["acce"][0, 0]
    assert first[6:9].tolist() == [float(first[5])] * 3 and first[9] > first[5]
    assert not found.samples.x["acce"][:, 1].any(), "one that never varies is 0"
    assert torch.allclose(found.samples.x["acce"][0, 0], found.samples.x["acce"][38, 0], atol=1e-6)


def test_what_is_wrong_is_named(made: Callable[..., Path]) -> None:
    folder = made(lambda name, values: values.__setitem__((2, 249), 506616 if name == "S3-ADL1" else 0))
    with pytest.raises(UserError, match=r"S3-ADL1.dat, line 3: 506616 is no label; labels are 0, 404505, 404508, "):
        opportunity.read(folder)
    (folder / "dataset/S2-ADL5.dat").write_text("1 2 3\n")
    with pytest.raises(UserError, match=r"S2-ADL5.dat, line 1: 3 columns, where there should be 250\.$"):
        opportunity.read(folder)
    (folder / "dataset/S2-ADL5.dat").unlink()
    with pytest.raises(UserError, match=r"S2-ADL5.dat cannot be read \(No such file.*\): the folder of Opportunity"):
        opportunity.read(folder)
    shutil.rmtree(folder / "dataset")
    with pytest.raises(
        UserError, match=r"has none of dataset: the folder of Opportunity .* holds dataset with S1-ADL1"
    ):
        opportunity.SOURCE.load(folder)


def test_proxy_tests_and_training_share_no_run(written: Path) -> None:
    dealt = populate(opportunity.read(written), proxy=0.15, seed=0)
    assert len(dealt.clients) == 4 and dealt.proxy is not None
    rows = [dealt.proxy, dealt.test, *(c.test for c in dealt.clients), *(c.train for c in dealt.clients)]
    units = [set(part.unit.tolist()) for part in rows]
    assert all(units) and sum(map(len, units)) == len(set.union(*units)) == 20
