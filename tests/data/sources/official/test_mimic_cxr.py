"""MIMIC-CXR out of a folder in its official layout."""

import csv
import gzip
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from counterpoint.data import Side
from counterpoint.data.sources.official import mimic_cxr
from counterpoint.data.sources.official.mimic_cxr import LABELS, METADATA, SPLIT
from counterpoint.data.sources.official.radiograph import radiograph
from counterpoint.data.text import unspell
from counterpoint.errors import UserError


def lines(folder: Path, name: str) -> list[list[str]]:
    return list(csv.reader(gzip.decompress((folder / name).read_bytes()).decode().splitlines()))


def change(folder: Path, name: str, line: int, place: int, value: str) -> None:
    """Change a field of a line, both counted from 0."""
    every = lines(folder, name)
    every[line][place] = value
    made = io.StringIO()
    csv.writer(made).writerows(every)
    (folder / name).write_bytes(gzip.compress(made.getvalue().encode()))


def text(folder: Path, row: int = 0) -> Path:
    """The report of a study, counted from 0."""
    return sorted((folder / "files").rglob("s*.txt"), key=lambda file: file.name)[row]


def test_rows_labels_owners_and_sides(written: Path) -> None:
    found = mimic_cxr.read(written / "mimic_cxr")
    assert len(found.task.classes) == 14 and found.task.classes[::13] == ("atelectasis", "no finding")
    assert found.owners == ("p10", "p11", "p12", "p13", "p14")
    assert found.samples.x["image"].shape == (len(found.samples), 1, 64, 64)
    assert found.samples.x["text"].shape == (len(found.samples), 640)
    assert found.samples.label[:6].tolist() == [0, 1, 1, 2, 13, 3]
    assert found.card.counts["pictures left out, whose view is not frontal"] == 134
    assert found.card.counts["studies"] == 665
    told = [count for what, count in found.card.counts.items() if what.startswith("reports with")]
    assert len(told) == 4 and sum(told) == found.card.counts["studies"]
    for unit in found.samples.unit.unique():
        assert len(found.side[found.samples.unit == unit].unique()) == 1


def test_values_are_those_of_the_files(written: Path) -> None:
    folder = written / "mimic_cxr"
    found = mimic_cxr.read(folder)
    picture, subject, study, _, view, *_ = lines(folder, METADATA)[1]
    assert view == "AP" and subject == "10000032"
    file = folder / f"files/p10/p{subject}/s{study}"
    assert torch.equal(found.samples.x["image"][0], radiograph(file / f"{picture}.jpg", 64))
    written_so = file.with_suffix(".txt").read_text()
    assert "WET READ" in written_so and "Findings:" in written_so
    said = unspell(found.samples.x["text"][0])
    assert said.startswith(
        ("large atelectasis", "moderate atelectasis", "small atelectasis", "findings consistent with")
    )
    assert "wet" not in said and "cough" not in said and said == said.lower() and "." not in said


def test_a_study_with_two_frontal_pictures_is_two_rows(written: Path) -> None:
    found = mimic_cxr.read(written / "mimic_cxr")
    assert torch.equal(found.samples.x["text"][1], found.samples.x["text"][2])
    assert not torch.equal(found.samples.x["image"][1], found.samples.x["image"][2])
    assert found.samples.label[1] == found.samples.label[2] == 1
    names = [line[0] for line in lines(written / "mimic_cxr", METADATA)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("values", "topic"),
    [
        ({}, "no finding"),
        ({"Edema": "-1.0", "Pneumonia": "0.0"}, "no finding"),
        ({"Support Devices": "1.0", "Pneumonia": "1.0", "Edema": "-1.0"}, "pneumonia"),
        ({"Support Devices": "1"}, "support devices"),
        ({"No Finding": "1.0", "Support Devices": "1.0"}, "support devices"),
    ],
)
def test_the_topic_is_the_first_finding_that_is_said(tmp_path: Path, values: dict[str, str], topic: str) -> None:
    columns = ["subject_id", "study_id", "No Finding", *reversed(mimic_cxr.FINDINGS)]
    cells = ["10000032", "50000014", *(values.get(column, "") for column in columns[2:])]
    (tmp_path / LABELS.removesuffix(".gz")).write_text(f"{','.join(columns)}\n{','.join(cells)}\n")
    assert {study: mimic_cxr.CLASSES[place] for study, place in mimic_cxr.topics(tmp_path).items()} == {
        "50000014": topic
    }


def test_tables_may_be_unpacked_and_reports_may_lie_apart(mimic: Path) -> None:
    before = mimic_cxr.read(mimic)
    for name in (METADATA, LABELS, SPLIT):
        (mimic / name.removesuffix(".gz")).write_bytes(gzip.decompress((mimic / name).read_bytes()))
        (mimic / name).unlink()
    for file in list((mimic / "files").rglob("*.txt")):
        away = mimic / "mimic-cxr-reports" / file.relative_to(mimic)
        away.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(file, away)
    after = mimic_cxr.read(mimic)
    assert after.card.counts == before.card.counts
    assert torch.equal(after.samples.x["text"], before.samples.x["text"])


def test_patients_without_a_folder_are_left_out_and_counted(mimic: Path) -> None:
    whole = mimic_cxr.read(mimic)
    for folder in (mimic / "files").iterdir():
        if folder.name != "p11":
            shutil.rmtree(folder)
    part = mimic_cxr.read(mimic)
    assert part.owners == ("p11",)
    assert torch.equal(part.samples.x["text"], whole.samples.x["text"][whole.owner == 1])
    assert part.card.counts["rows left out, whose patient has no folder here"] > 500


def test_a_patient_of_the_test_is_not_trained_on(mimic: Path) -> None:
    change(mimic, SPLIT, 1, 3, "test")
    found = mimic_cxr.read(mimic)
    assert found.card.counts["rows left out, whose patient is tested as well"] == 2
    assert found.side[0] == Side.GLOBAL_TEST


def test_reports_without_words_are_dropped_with_their_pictures(mimic: Path) -> None:
    before = mimic_cxr.read(mimic)
    text(mimic).write_text("FINAL REPORT\n IMPRESSION: Stable. No change.\n")
    found = mimic_cxr.read(mimic)
    assert len(found.samples) == len(before.samples) - 1 and found.samples.label[0] == 1


def test_long_reports_are_cut_and_counted(mimic: Path) -> None:
    assert "reports cut off" not in mimic_cxr.read(mimic).card.counts
    text(mimic).write_text(" IMPRESSION: " + "no change " * 60 + "\n")
    text(mimic, 1).write_text(" IMPRESSION: " + "cardiomegaly unchanged " * 40 + "\n")
    found = mimic_cxr.read(mimic)
    assert found.card.counts["reports cut off"] == 2
    assert len(unspell(found.samples.x["text"][0]).split()) == 112
    cut = unspell(found.samples.x["text"][1])
    assert len(cut) <= 640 and cut.split()[-1] in ("cardiomegaly", "unchanged")


@pytest.mark.parametrize(
    ("name", "place", "value", "complaint"),
    [
        (METADATA, 1, "x", r"metadata\.csv\.gz, line 2: 'x' is no id of MIMIC-CXR"),
        (METADATA, 2, "../../..", r"metadata\.csv\.gz, line 2: '\.\./\.\./\.\.' is no id of MIMIC-CXR"),
        (METADATA, 0, "abc", r"line 2: the picture abc is not in mimic-cxr-2\.0\.0-split\.csv"),
        (SPLIT, 3, "dev", r"split\.csv\.gz, line 2: the split is 'dev', which is none of train, validate, test"),
        (
            LABELS,
            2,
            "2.0",
            r"chexpert\.csv\.gz, line 2: Atelectasis is '2\.0', which is none of 1\.0, 0\.0, -1\.0 and nothing",
        ),
    ],
)
def test_wrong_lines(mimic: Path, name: str, place: int, value: str, complaint: str) -> None:
    change(mimic, name, 1, place, value)
    with pytest.raises(UserError, match=complaint):
        mimic_cxr.read(mimic)


def _report(folder: Path) -> None:
    text(folder).unlink()


def _picture(folder: Path) -> None:
    picture, subject, study, *_ = lines(folder, METADATA)[1]
    (folder / f"files/p10/p{subject}/s{study}/{picture}.jpg").unlink()


def _all(folder: Path) -> None:
    shutil.rmtree(folder / "files")


def _split(folder: Path) -> None:
    (folder / SPLIT).unlink()


@pytest.mark.parametrize(
    ("how", "complaint"),
    [
        (_report, r"there is no report .*files/p10/p10000032/s50000014\.txt: the folder of MIMIC-CXR-JPG"),
        (_picture, r"there is no picture .*p10000032/s50000014/.*\.jpg: the folder of"),
        (_all, "has no frontal picture with a label and a report: the folder of"),
        (_split, r"mimic-cxr-2\.0\.0-split\.csv\.gz cannot be read \(No such file or directory\): the folder of"),
    ],
)
def test_missing_files(mimic: Path, how: Callable[[Path], None], complaint: str) -> None:
    how(mimic)
    with pytest.raises(UserError, match=complaint):
        mimic_cxr.read(mimic)
