"""MIMIC-CXR: frontal radiographs of the chest, each with the report that was written on it."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import torch

from counterpoint.data.card import Card
from counterpoint.data.modality import Modality
from counterpoint.data.population import Dataset, Side
from counterpoint.data.sources.official.gather import Rows, apart, gathered
from counterpoint.data.sources.official.official import Official
from counterpoint.data.sources.official.radiograph import IMAGE, MADE, SIZE, TOLD, radiograph
from counterpoint.data.sources.official.reports import LEAST, MOST, How, used_part, words
from counterpoint.data.sources.official.tables import packed_or_not, table
from counterpoint.data.text import spell
from counterpoint.errors import UserError

LENGTH = 640
FINDINGS = (
    "Atelectasis",
    "Cardiomegaly",
    "Consolidation",
    "Edema",
    "Enlarged Cardiomediastinum",
    "Fracture",
    "Lung Lesion",
    "Lung Opacity",
    "Pleural Effusion",
    "Pleural Other",
    "Pneumonia",
    "Pneumothorax",
    "Support Devices",
)
"""Columns of the labels, in the file's order, without No Finding. The first that is positive is a study's topic."""
CLASSES = (*(finding.lower() for finding in FINDINGS), "no finding")
VALUES = ("1.0", "0.0", "-1.0", "", "1", "0", "-1")
"""Said, denied, said with doubt, not mentioned."""
FRONTAL = ("PA", "AP")
SIDES = {"train": Side.TRAIN, "validate": Side.CLIENT_TEST, "test": Side.GLOBAL_TEST}

METADATA, LABELS, SPLIT = (f"mimic-cxr-2.0.0-{what}.csv.gz" for what in ("metadata", "chexpert", "split"))
FILES = "files"
REPORTS = (FILES, "mimic-cxr-reports/files")
"""Where the reports may lie: among the pictures, or in a folder of their own."""
SUBJECT, STUDY, PICTURE = re.compile(r"\d{8}"), re.compile(r"\d{8}"), re.compile(r"[0-9a-f][0-9a-f-]*")

NEEDS = (
    f"the folder of MIMIC-CXR-JPG (version 2.0.0 or 2.1.0) holds {METADATA}, {LABELS}, {SPLIT} (or these unpacked), "
    f"the pictures ({FILES}/p10/p10000032/s50414267/<picture>.jpg) and the reports of MIMIC-CXR, unpacked "
    f"({FILES}/p10/p10000032/s50414267.txt, or the same in {REPORTS[1]})"
)

CARD = Card(
    name="mimic-cxr",
    title="Frontal radiographs of the chest and their reports; the topic is the first finding",
    origin=(
        "taken at the Beth Israel Deaconess Medical Center and published by the makers of MIMIC-CXR (Johnson et al. "
        "2019) on PhysioNet, to those whom it credits: the pictures and labels as MIMIC-CXR-JPG, the reports as "
        "MIMIC-CXR. It is not fetched: get both there and say where they are, as in --data "
        f"mimic-cxr:/path/to/MIMIC-CXR-JPG; {NEEDS}. Here frontal views are used (PA and AP), each a row; {MADE}. The "
        "text is the impression and, behind it, the findings of the report (where it has neither, its last other "
        "text), in lower-case words of letters and digits; sentences of one word and reports of fewer than "
        f"{LEAST} words are dropped, and what exceeds {MOST} words or {LENGTH} bytes. The label, the study's topic, is "
        "the first finding that the CheXpert labeller says is there, in the order of the classes below, else no finding"
    ),
    licence="PhysioNet Credentialed Health Data License 1.5.0: it must not be passed on",
    checksum="",
    counts={"natural clients": 10, "classes": len(CLASSES)},
    split=(
        "as published, by patient: test is the global test set, validate is dealt out as the clients' own tests, train "
        "is trained on. All is of one hospital: what stands for natural clients are the ten folders of patients (p10 "
        "to p19), which are alike. For clients that differ, --partition dirichlet:A deals by topic"
    ),
    modalities={"image": TOLD, "text": f"text, {LENGTH}, UTF-8 bytes"},
    classes=CLASSES,
    traps=(
        "a study may have several frontal pictures, each a row with the same report: in retrieval more than one answer "
        "is right then",
        "labels were drawn from the reports by a program, so text tells them almost by construction; a finding that is "
        "doubtful (-1) does not count, and a topic hides all findings after the first",
        "patients without a folder are left out, so that a part of the set (files/p10, say) can be used; the counts "
        "say how many rows that is",
        "reports refer to earlier pictures, which are not here (unchanged, improved); names and dates in them are "
        "blanks",
        f"the papers take 224 pixels a side, cropped; here there are {SIZE}, not cropped. They count parts of words, "
        "here whole ones are counted",
        "all frontal pictures (about 243,000) need about 5 GB of memory",
        "written to the published description; nothing was verified on the published files",
    ),
)


@dataclass(frozen=True)
class View:
    """A frontal picture.

    Attributes:
        file: of the picture.
        subject: the patient.
        study: of which it is one picture.
        side: on which it was published.
    """

    file: Path
    subject: str
    study: str
    side: Side


@dataclass(frozen=True)
class Told:
    """What is kept of a report.

    Attributes:
        text: its words; none where there are too few.
        how: out of which sections.
        cut: whether words were cut off at its end.
    """

    text: str
    how: How
    cut: bool


def topics(folder: Path) -> dict[str, int]:
    """By study its topic, an index into CLASSES.

    Raises:
        UserError: the labels are missing or damaged.
    """
    found = {}
    for where, (study, *values) in table(packed_or_not(folder, LABELS), ("study_id", *FINDINGS), NEEDS):
        for finding, value in zip(FINDINGS, values, strict=True):
            if value not in VALUES:
                raise UserError(f"{where}: {finding} is {value!r}, which is none of 1.0, 0.0, -1.0 and nothing.")
        said = [place for place, value in enumerate(values) if value in ("1.0", "1")]
        found[study] = said[0] if said else len(FINDINGS)
    return found


def views(folder: Path) -> tuple[list[View], int]:
    """All frontal pictures, in the order of the metadata, and how many rows other views would be.

    Raises:
        UserError: metadata or split are missing or damaged.
    """
    side = {}
    for where, (picture, split) in table(packed_or_not(folder, SPLIT), ("dicom_id", "split"), NEEDS):
        if split not in SIDES:
            raise UserError(f"{where}: the split is {split!r}, which is none of {', '.join(SIDES)}.")
        side[picture] = SIDES[split]
    found, others = [], 0
    columns = ("dicom_id", "subject_id", "study_id", "ViewPosition")
    for where, (picture, subject, study, view) in table(packed_or_not(folder, METADATA), columns, NEEDS):
        if view not in FRONTAL:
            others += 1
            continue
        for form, what in ((PICTURE, picture), (SUBJECT, subject), (STUDY, study)):
            if not form.fullmatch(what):
                raise UserError(f"{where}: {what!r} is no id of MIMIC-CXR.")
        if picture not in side:
            raise UserError(f"{where}: the picture {picture} is not in {SPLIT.removesuffix('.gz')}.")
        file = folder / FILES / f"p{subject[:2]}" / f"p{subject}" / f"s{study}" / f"{picture}.jpg"
        found.append(View(file, subject, study, side[picture]))
    return found, others


def report(folder: Path, subject: str, study: str) -> str:
    """A study's report, as it was written.

    Raises:
        UserError: there is none, or it cannot be read.
    """
    places = [folder / part / f"p{subject[:2]}" / f"p{subject}" / f"s{study}.txt" for part in REPORTS]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        raise UserError(f"there is no report {places[0]}: {NEEDS}.")
    try:
        return file.read_bytes().decode(errors="replace")
    except OSError as error:
        raise UserError(f"{file} cannot be read ({error.strerror}).") from error


def read(folder: Path) -> Dataset:
    """Read a folder of MIMIC-CXR-JPG with the reports of MIMIC-CXR.

    Raises:
        UserError: something in it is missing or damaged.
    """
    topic = topics(folder)
    published, others = views(folder)
    there = {view.subject: view.file.parents[1] for view in published}
    there = {subject: where for subject, where in there.items() if where.is_dir()}
    having = [view for view in published if view.subject in there]
    labelled = [view for view in having if view.study in topic]
    kept = apart([view.subject for view in labelled], [view.side for view in labelled])
    trained = [view for view, keep in zip(labelled, kept, strict=True) if keep]
    told = {study: _told(report(folder, subject, study)) for study, subject in _studies(trained).items()}
    rows = [view for view in trained if told[view.study].text]
    if not rows:
        raise UserError(f"{folder} has no frontal picture with a label and a report: {NEEDS}.")
    if lacking := [view.file for view in rows if not view.file.is_file()]:
        raise UserError(f"there is no picture {lacking[0]}: {NEEDS}.")
    used = [told[study] for study in _studies(rows)]
    how = Counter(one.how for one in used)
    texts = spell([told[view.study].text for view in rows], LENGTH)
    return gathered(
        CARD,
        Rows(
            CLASSES,
            [topic[view.study] for view in rows],
            [view.subject for view in rows],
            [f"p{view.subject[:2]}" for view in rows],
            [view.side for view in rows],
        ),
        {
            "image": (IMAGE, torch.uint8, lambda row: radiograph(rows[row].file, SIZE)),
            "text": (Modality("text", "text", (LENGTH,), "UTF-8 bytes"), torch.uint8, lambda row: texts[row]),
        },
        {
            "studies": len(used),
            "reports with impression and findings": how["both"],
            "reports with an impression alone": how["impression"],
            "reports with findings alone": how["findings"],
            "reports with neither, of which the last other text is used": how["body"],
            "reports cut off": sum(one.cut for one in used),
            "pictures left out, whose view is not frontal": others,
            "rows left out, whose patient has no folder here": len(published) - len(having),
            "rows left out, whose study has no label": len(having) - len(labelled),
            "rows left out, whose patient is tested as well": len(labelled) - len(trained),
            "rows left out, whose report has too few words": len(trained) - len(rows),
        },
    )


def _studies(views: list[View]) -> dict[str, str]:
    """The studies of some pictures, and of which patient each is."""
    return {view.study: view.subject for view in views}


def _told(text: str) -> Told:
    part = used_part(text)
    kept = words(part.text, MOST, LENGTH)
    return Told(" ".join(kept), part.how, len(kept) < len(words(part.text, len(kept) + 1)))


SOURCE = Official(
    CARD,
    1,
    NEEDS,
    (*(name for packed in (METADATA, LABELS, SPLIT) for name in (packed, packed.removesuffix(".gz"))), *REPORTS),
    read,
)
