"""mHealth out of a folder in its official layout."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from counterpoint.data import Side, populate
from counterpoint.data.sources.official import mhealth
from counterpoint.data.twins import mhealth as twin
from counterpoint.errors import UserError

EXERCISES = ((0, 140), (1, 128 * 5 + 1), (12, 127), (3, 256))
"""Label and steps of each stretch of `made`."""


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the twin; not to be changed."""
    folder = tmp_path_factory.mktemp("mhealth")
    twin.write(folder)
    return folder


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Path]:
    """A folder of small files; a column's values are 1000 times its number, and the step."""

    def make(change: Callable[[int, np.ndarray], None] = lambda subject, values: None) -> Path:
        labels = np.concatenate([np.full(steps, label) for label, steps in EXERCISES])
        for subject in range(1, 11):
            values = 1000.0 * np.arange(24) + np.arange(len(labels))[:, None]
            values[:, 23] = labels
            change(subject, values)
            np.savetxt(tmp_path / f"mHealth_subject{subject}.log", values, fmt="%g", delimiter="\t")
        return tmp_path

    return make


def test_rows_labels_owners_and_sides(written: Path) -> None:
    found = mhealth.read(written)
    assert found.task.classes[0] == "none of these" and found.task.classes[12] == "jumping front and back"
    assert {m: tuple(x.shape) for m, x in found.samples.x.items()} == {
        "acce": (720, 9, 128),
        "gyro": (720, 6, 128),
        "mage": (720, 6, 128),
    }
    assert found.modalities["acce"].kind == "sequence" and found.modalities["acce"].rate == 50
    assert found.samples.label[:8].tolist() == [0, 1, 1, 1, 1, 1, 0, 2]
    assert len(found.owners) == 10
    tested = found.side == Side.GLOBAL_TEST
    assert [found.owners[o] for o in found.owner[tested].unique().tolist()] == ["person 10"]
    assert int(tested.sum()) == 72 and not (found.side == Side.CLIENT_TEST).any()


def test_windows_lie_within_stretches_and_units_within_people(made: Callable[..., Path]) -> None:
    found = mhealth.read(made())
    one = found.rows(found.owner == found.owners.index("person 1"))
    assert one.samples.label.tolist() == [0] + [1] * 5 + [3] * 2, "127 steps are too few, and what is left over goes"
    assert (one.samples.unit - one.samples.unit.min()).tolist() == [0, 1, 1, 1, 1, 2, 3, 3]
    for unit in found.samples.unit.unique().tolist():
        assert len(found.owner[found.samples.unit == unit].unique()) == 1


@pytest.mark.parametrize(
    ("column", "modality", "channel"),
    [
        (0, "acce", 0),
        (7, "acce", 5),
        (16, "acce", 8),
        (8, "gyro", 0),
        (19, "gyro", 5),
        (11, "mage", 0),
        (22, "mage", 5),
    ],
)
def test_a_column_lands_in_its_channel(made: Callable[..., Path], column: int, modality: str, channel: int) -> None:
    def mark(subject: int, values: np.ndarray) -> None:
        values[:, :23] = 7
        values[140 + 128 + 2, column] = 9

    found = mhealth.read(made(mark))
    marked = {m: (x > 1).nonzero().tolist() for m, x in found.samples.x.items()}
    assert marked.pop(modality)[0] == [2, channel, 2], "window 2 is the second of exercise 1"
    assert not any(marked.values())


@pytest.mark.parametrize("column", [3, 4])
def test_the_heart_is_not_read(made: Callable[..., Path], column: int) -> None:
    def mark(subject: int, values: np.ndarray) -> None:
        values[:, :23] = 7
        values[5, column] = 1000

    assert not any(x.any() for x in mhealth.read(made(mark)).samples.x.values())


def test_each_channel_of_each_person_is_standardised_over_all_its_steps(made: Callable[..., Path]) -> None:
    def scale(subject: int, values: np.ndarray) -> None:
        values[:, :23] *= subject

    found = mhealth.read(made(scale))
    steps = sum(length for _, length in EXERCISES)
    expected = (np.arange(128) - (steps - 1) / 2) / np.sqrt((steps**2 - 1) / 12)
    for row in (0, 8, 72):
        assert torch.allclose(found.samples.x["gyro"][row, 3], torch.tensor(expected).float(), atol=1e-5)


def test_gaps_take_the_value_before(made: Callable[..., Path]) -> None:
    def lose(subject: int, values: np.ndarray) -> None:
        values[10:13, 0] = np.nan
        values[:4, 8] = np.nan

    found = mhealth.read(made(lose))
    first = found.samples.x["acce"][0, 0]
    assert first[10:13].tolist() == [float(first[9])] * 3 and first[13] > first[9] > first[8]
    assert found.samples.x["gyro"][0, 0, :4].tolist() == [0.0] * 4
    assert found.samples.x["gyro"][0, 0, 4] < -1


def test_a_missing_file_is_named(made: Callable[..., Path]) -> None:
    folder = made()
    (folder / "mHealth_subject7.log").unlink()
    with pytest.raises(
        UserError, match=r"mHealth_subject7.log cannot be read \(No such file.*\): the folder of mHealth"
    ):
        mhealth.read(folder)


def test_wrong_lines_are_named(made: Callable[..., Path]) -> None:
    folder = made(lambda subject, values: values.__setitem__((4, 23), 13 if subject == 2 else 0))
    with pytest.raises(UserError, match=r"mHealth_subject2.log, line 5: 13 is no label; labels are 0, 1, .*, 12\.$"):
        mhealth.read(folder)
    with (folder / "mHealth_subject1.log").open("a") as file:
        file.write("1\t2\t3\n")
    with pytest.raises(UserError, match=r"mHealth_subject1.log, line 1165: 3 columns, where there should be 24\.$"):
        mhealth.read(folder)


def test_proxy_tests_and_training_share_no_unit(written: Path) -> None:
    dealt = populate(mhealth.read(written), proxy=0.1, labels="server:0.1", seed=0)
    assert len(dealt.clients) == 9 and dealt.proxy is not None and dealt.server is not None
    rows = [dealt.proxy, dealt.server, dealt.test, *(c.test for c in dealt.clients), *(c.inputs for c in dealt.clients)]
    units = [set(part.unit.tolist()) for part in rows]
    assert all(units) and sum(map(len, units)) == len(set.union(*units))
    assert set(dealt.server.label.tolist()) == set(range(13))
