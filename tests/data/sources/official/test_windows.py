"""Recordings out of text files: reading, filling, standardising, cutting."""

from pathlib import Path

import numpy as np
import pytest

from counterpoint.data import Modality, Side
from counterpoint.data.sources.official import mhealth, windows
from counterpoint.errors import UserError

NAN = float("nan")
NEEDS = "the folder holds x"


def test_a_table_is_read_with_gaps_and_whatever_separates(tmp_path: Path) -> None:
    file = tmp_path / "x.log"
    file.write_text("1\t2.5 -3\n\nNaN 4e1  0\n")
    assert np.array_equal(windows.table(file, 3, NEEDS), [[1, 2.5, -3], [NAN, 40, 0]], equal_nan=True)
    file.write_text("1,2\r\n3, 4", encoding="utf-8-sig")
    assert windows.table(file, 2, NEEDS, ",").tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("1 2 3\n\n4 5\n", r"x.log, line 3: 2 columns, where there should be 3\.$"),
        ("1 2\n3 4\n", r"x.log, line 1: 2 columns, where there should be 3\.$"),
        ("1 2 3\n4 five 6\n", r"x.log, line 2, column 2: 'five' is no finite number, nor NaN\.$"),
        ("1 2 3\n4 5 inf\n", r"x.log, line 2, column 3: 'inf' is no finite number, nor NaN\.$"),
        ("1 2 # 3\n", r"x.log, line 1: 4 columns, where there should be 3\.$"),
        ("\n", r"x.log is empty: the folder holds x\.$"),
    ],
)
def test_wrong_tables(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "x.log").write_text(text)
    with pytest.raises(UserError, match=complaint):
        windows.table(tmp_path / "x.log", 3, NEEDS)


def test_no_table(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"x.log cannot be read \(No such file or directory\): the folder holds x\.$"):
        windows.table(tmp_path / "x.log", 3, NEEDS)
    (tmp_path / "x.log").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"x.log cannot be read \(.*decode.*\): the folder holds x\.$"):
        windows.table(tmp_path / "x.log", 3, NEEDS)


def test_gaps_are_filled_from_the_step_before() -> None:
    values = np.array([[NAN, 1.0], [2.0, NAN], [NAN, NAN], [5.0, 7.0], [NAN, NAN]])
    assert np.array_equal(
        windows.filled(values), [[NAN, 1.0], [2.0, 1.0], [2.0, 1.0], [5.0, 7.0], [5.0, 7.0]], equal_nan=True
    )


def test_each_channel_has_mean_0_and_deviation_1_and_is_0_where_nothing_is_known() -> None:
    values = np.array([[NAN, 3.0, NAN, 1e6 + 0.1], [1.0, 3.0, NAN, 1e6], [NAN, 3.0, NAN, 1e6], [4.0, NAN, NAN, 1e6]])
    found = windows.standardised(values)
    assert found.dtype == np.float32
    assert found[:, 0] == pytest.approx([0.0, -(2**-0.5), -(2**-0.5), 2**0.5])
    assert found[:, 1].tolist() == [0.0] * 4 and found[:, 2].tolist() == [0.0] * 4
    assert found[:, 3] == pytest.approx([3**0.5, *[-(3**-0.5)] * 3], rel=1e-5), "little as it is, it varies"


def test_labels_are_places_of_codes(tmp_path: Path) -> None:
    found = windows.labels(np.array([0.0, 406517.0, 406516.0]), [0, 406516, 406517], tmp_path)
    assert found.tolist() == [0, 2, 1]
    with pytest.raises(UserError, match=r"a.dat, line 2: 5 is no label; labels are 0, 1\.$"):
        windows.labels(np.array([0.0, 5.0]), [0, 1], Path("a.dat"))
    with pytest.raises(UserError, match=r"a.dat, line 1: nan is no label"):
        windows.labels(np.array([NAN]), [0, 1], Path("a.dat"))


def test_runs_and_starts() -> None:
    assert list(windows.runs(np.array([3, 3, 0, 0, 0, 3]))) == [(0, 2), (2, 5), (5, 6)]
    assert windows.starts(10, 20, 4, 3).tolist() == [10, 13, 16]
    assert windows.starts(10, 14, 4, 4).tolist() == [10]
    assert windows.starts(10, 13, 4, 4).tolist() == []


def test_most_steps_decide_and_of_equally_many_the_first_class() -> None:
    label = np.array([2, 2, 1, 1, 1, 2, 0, 0])
    assert windows.majority(label, np.array([0, 1, 4]), 4) == [1, 1, 0]


def test_windows_have_channels_before_steps() -> None:
    values = np.arange(10).reshape(5, 2)
    assert windows.cut(values, np.array([0, 3]), 2).tolist() == [[[0, 2], [1, 3]], [[6, 8], [7, 9]]]
    assert windows.cut(values, np.array([], dtype=int), 2).shape == (0, 2, 2)


def test_a_modality_that_a_recording_lacks_is_absent() -> None:
    a, b = np.ones((2, 1, 4), dtype=np.float32), np.full((1, 2, 4), 2, dtype=np.float32)
    pieces = [
        windows.Piece({"a": a}, [1, 0], ["u", "v"], "q", Side.TRAIN),
        windows.Piece({"a": a[:1], "b": b}, [1], ["w"], "p", Side.GLOBAL_TEST),
    ]
    modalities = {"a": Modality("a", "sequence", (1, 4)), "b": Modality("b", "sequence", (2, 4))}
    found = windows.assembled(mhealth.CARD, ("no", "yes"), modalities, pieces, {"more": 5})
    assert found.samples.present["b"].tolist() == [False, False, True]
    assert found.samples.x["b"][2].tolist() == [[2.0] * 4] * 2
    assert found.samples.label.tolist() == [1, 0, 1] and found.samples.unit.tolist() == [0, 1, 2]
    assert found.owners == ("p", "q") and found.owner.tolist() == [1, 1, 0]
    assert found.side.tolist() == [Side.TRAIN, Side.TRAIN, Side.GLOBAL_TEST]
    assert found.card.counts["rows without b"] == 2 and found.card.counts["more"] == 5
    with pytest.raises(UserError, match=r"^mhealth: no recording to train on is long enough for a window\.$"):
        windows.assembled(mhealth.CARD, ("no", "yes"), modalities, pieces[1:], {})
