"""COVIDx out of a folder in its official layout."""

import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

from counterpoint.data.sources.official import covidx
from counterpoint.data.sources.official.radiograph import radiograph
from counterpoint.errors import UserError


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """A folder with three pictures, which the test lists."""
    for place, name in enumerate(("train/a.png", "train/b c.JPG", "test/d.png")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (8, 8), 50 * place).save(tmp_path / name)
    return tmp_path


def listed(folder: Path, train: str, test: str) -> None:
    (folder / "train.txt").write_text(train)
    (folder / "test.txt").write_text(test)


def test_rows_labels_owners_and_sides(written: Path) -> None:
    found = covidx.read(written / "covidx")
    assert found.task.classes == found.card.classes == ("normal", "pneumonia", "COVID-19")
    assert found.owners == ("actmed", "cohen", "ricord", "rsna", "sirm")
    assert found.samples.x["image"].shape == (500, 1, 64, 64)
    assert found.side.bincount().tolist() == [400, 0, 100]
    assert found.samples.label.bincount().tolist() == [125, 150, 225]
    assert found.card.counts["rows left out, whose patient is tested as well"] == 1


def test_values_are_those_of_the_files(written: Path) -> None:
    folder = written / "covidx"
    found = covidx.read(folder)
    first, last = (
        (folder / name).read_text().split("\n")[place] for name, place in (("train.txt", 0), ("test.txt", -2))
    )
    assert torch.equal(found.samples.x["image"][0], radiograph(folder / "train" / first.split()[1], 64))
    assert torch.equal(found.samples.x["image"][-1], radiograph(folder / "test" / last.split()[1], 64))


def test_two_classes_and_names_with_spaces(few: Path) -> None:
    listed(few, "1 a.png positive cohen\n2 b c.JPG negative actmed\n\n", "1 d.png positive sirm\n")
    found = covidx.read(few)
    assert found.task.classes == found.card.classes == ("negative", "positive")
    assert found.samples.label.tolist() == [1, 0, 1] and found.owners == ("actmed", "cohen", "sirm")
    assert found.samples.unit.tolist() == [0, 1, 2]


def test_old_lists_tell_no_collection(few: Path) -> None:
    listed(few, "1 a.png COVID-19\n2 b c.JPG normal\n", "1 d.png COVID-19\n")
    found = covidx.read(few)
    assert found.owners == ("not told",) and found.samples.label.tolist() == [0, 2]
    assert found.card.counts["rows left out, whose patient is tested as well"] == 1


def test_val_txt_is_the_clients_own_test(few: Path) -> None:
    listed(few, "1 a.png normal x\n", "2 d.png normal x\n")
    shutil.move(few / "train/b c.JPG", few / "b.jpg")
    (few / "val").mkdir()
    shutil.move(few / "b.jpg", few / "val/b.jpg")
    (few / "val.txt").write_text("3 b.jpg pneumonia x\n")
    assert covidx.read(few).side.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("1 a.png flu cohen", r"train\.txt, line 2: not a patient, a file, a class \(normal, pneumonia, COVID-19; or"),
        ("a.png normal", r"train\.txt, line 2: not a patient, a file, a class"),
        ("1 none.png normal cohen", r"train\.txt, line 2: there is no picture .*train/none\.png"),
        ("1 ../test/d.png normal cohen", r"train\.txt, line 2: '\.\./test/d\.png' is no name of a picture"),
        (
            "1 a.png positive cohen",
            "line 2: the class is 'positive', but there are classes like 'normal' above: take lists",
        ),
    ],
)
def test_wrong_lines(few: Path, line: str, complaint: str) -> None:
    listed(few, f"2 b c.JPG normal x\n{line}\n", "3 d.png normal x\n")
    with pytest.raises(UserError, match=complaint):
        covidx.read(few)


def test_wrong_lists(few: Path) -> None:
    listed(few, "\n", "3 d.png normal x\n")
    with pytest.raises(UserError, match=r"train\.txt has no pictures: the folder of COVIDx"):
        covidx.read(few)
    (few / "test.txt").unlink()
    with pytest.raises(
        UserError, match=r"test\.txt cannot be read \(No such file or directory\): the folder of COVIDx"
    ):
        covidx.read(few)


def test_a_damaged_picture(covid: Path) -> None:
    file = next((covid / "train").glob("*.jpg"))
    file.write_bytes(b"no picture")
    with pytest.raises(UserError, match=rf"{file.name} is no picture that can be read"):
        covidx.read(covid)
