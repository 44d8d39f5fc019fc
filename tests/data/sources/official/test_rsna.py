"""The RSNA Pneumonia Detection Challenge out of a folder in its official layout."""

from pathlib import Path

import pytest
import torch

from counterpoint.data import Side
from counterpoint.data.sources.official import rsna
from counterpoint.data.sources.official.dicom import dicom
from counterpoint.data.sources.official.radiograph import squared
from counterpoint.data.sources.official.rsna import DETAILS, LABELS, PICTURES
from counterpoint.data.twins.rsna import names
from counterpoint.errors import UserError


def change(folder: Path, name: str, line: int, old: str, new: str) -> None:
    """Change a line, counted from 0."""
    lines = (folder / name).read_text().split("\n")
    assert old in lines[line]
    lines[line] = lines[line].replace(old, new)
    (folder / name).write_text("\n".join(lines))


def test_rows_labels_and_sides(written: Path) -> None:
    found = rsna.read(written / "rsna")
    assert found.task.classes == ("no pneumonia", "pneumonia") and found.owners == ("everyone",)
    assert found.samples.x["image"].shape == (400, 1, 64, 64)
    assert found.samples.label.bincount().tolist() == [280, 120]
    assert found.side.bincount().tolist() == [340, 0, 60]
    assert found.samples.label[found.side == Side.GLOBAL_TEST].bincount().tolist() == [42, 18]
    assert found.card.counts["rows of class No Lung Opacity / Not Normal"] == 160


def test_values_are_those_of_the_files(written: Path) -> None:
    folder = written / "rsna"
    found, first = rsna.read(folder), min(names())
    assert torch.equal(found.samples.x["image"][0], squared(dicom(folder / PICTURES / f"{first}.dcm"), 64))
    twice = [line for line in (folder / LABELS).read_text().split("\n") if line.endswith(",1")]
    assert len(twice) > len({line.split(",")[0] for line in twice}) == 120


def test_the_split_does_not_depend_on_the_order_of_lines(pneumonia: Path) -> None:
    before = rsna.read(pneumonia)
    for name in (LABELS, DETAILS):
        head, *lines = (pneumonia / name).read_text().rstrip("\n").split("\n")
        (pneumonia / name).write_text("\n".join([head, *lines[::-1], ""]))
    after = rsna.read(pneumonia)
    assert torch.equal(before.side, after.side) and torch.equal(before.samples.label, after.samples.label)


@pytest.mark.parametrize(
    ("name", "line", "old", "new", "complaint"),
    [
        (LABELS, 1, ",0", ",2", r"labels\.csv, line 2: Target is '2', which is neither 0 nor 1"),
        (LABELS, 1, ",0", ",1", r"labels\.csv, line 2: Target is 1, but the class in stage_2_.*\.csv is 'Normal'"),
        (LABELS, 1, "-14fd-", "-14fe-", r"labels\.csv, line 2: .*-14fe-.* is not in stage_2_detailed_class_info\.csv"),
        (
            DETAILS,
            1,
            "Normal",
            "Sane",
            r"info\.csv, line 2: the class is 'Sane', which is none of Normal, No Lung Opacity",
        ),
        (DETAILS, 3, "Lung Opacity", "Normal", r"info\.csv, line 4: .* is 'Normal' here and 'Lung Opacity' above"),
        (DETAILS, 1, "-14fd-", "/../", r"info\.csv, line 2: '.*/\.\./.*' is no patientId"),
        (DETAILS, 0, "class", "kind", r"info\.csv has no column 'class': the folder of the RSNA"),
    ],
)
def test_wrong_lines(pneumonia: Path, name: str, line: int, old: str, new: str, complaint: str) -> None:
    change(pneumonia, name, line, old, new)
    with pytest.raises(UserError, match=complaint):
        rsna.read(pneumonia)


def test_lists_of_different_length(pneumonia: Path) -> None:
    lines = (pneumonia / LABELS).read_text().split("\n")
    (pneumonia / LABELS).write_text("\n".join([lines[0], *lines[2:]]))
    with pytest.raises(UserError, match=rf"labels\.csv has no line for {names()[0]}, which is in stage_2_detailed"):
        rsna.read(pneumonia)
    for name in (LABELS, DETAILS):
        (pneumonia / name).write_text((pneumonia / name).read_text().split("\n")[0])
    with pytest.raises(UserError, match=r"info\.csv has no rows: the folder of the RSNA"):
        rsna.read(pneumonia)


def test_missing_and_damaged_pictures(pneumonia: Path) -> None:
    file = pneumonia / PICTURES / f"{names()[5]}.dcm"
    data = file.read_bytes()
    file.write_bytes(data[:-100])
    with pytest.raises(UserError, match=rf"{names()[5]}\.dcm: it ends too early; read are DICOM files"):
        rsna.read(pneumonia)
    file.unlink()
    with pytest.raises(UserError, match=rf"there is no picture .*{names()[5]}\.dcm: the folder of the RSNA"):
        rsna.read(pneumonia)
