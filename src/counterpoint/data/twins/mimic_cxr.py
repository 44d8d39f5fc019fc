"""The twin of MIMIC-CXR: easy to read, hard to see, and what is read can be seen."""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from counterpoint.data.sources.official.mimic_cxr import (
    CLASSES,
    FILES,
    FINDINGS,
    LABELS,
    METADATA,
    SOURCE,
    SPLIT,
)
from counterpoint.data.twins.factors import Factors, Strength, drawn
from counterpoint.data.twins.radiograph import SIZE, Sign, radiograph, write_radiograph
from counterpoint.data.twins.reports import report
from counterpoint.data.twins.twin import twin
from counterpoint.randomness import fold_key

EACH = {"train": 224, "validate": 28, "test": 84}
"""Patients of each part of the split; each has two studies."""
FOLDERS = 5
"""Of patients, p10 to p14."""
FORMS = ("both", "both", "both", "impression", "findings", "both", "body")
"""Sections of the reports, in turn."""
STRENGTH = {"text": Strength(clear=0.95, contrast=1.0), "image": Strength(clear=0.8, contrast=0.5)}
DEVICES, NONE = FINDINGS.index("Support Devices"), len(FINDINGS)


@dataclass(frozen=True)
class Study:
    """What is known of a study before anything is drawn.

    Attributes:
        subject: id of the patient.
        study: its own id.
        split: on which side.
        label: its topic.
        number: from 0 on.
    """

    subject: str
    study: str
    split: str
    label: int
    number: int


def studies() -> list[Study]:
    """All studies; every fourth finds nothing, the others one thing each, in turn."""
    found: list[Study] = []
    for split, patients in EACH.items():
        for _ in range(patients):
            person = len(found) // 2
            subject = str(1_000_000 * (10 + person % FOLDERS) + 32 + 2_781 * person)
            for _ in range(2):
                n = len(found)
                label = NONE if n % 4 == 3 else (n - n // 4) % NONE
                found.append(Study(subject, str(50_000_014 + 101 * n), split, label, n))
    return found


def factors(seed: int = 0, strength: Mapping[str, Strength] = STRENGTH) -> Factors:
    """What is behind each of `studies()`; the shared factor is the extent of what is found."""
    every = studies()
    people = [study.number // 2 for study in every]
    return drawn([study.label for study in every], people, strength, len(CLASSES), "mimic-cxr-twin", seed)


def signs(study: Study, shown: int, extent: float) -> list[Sign]:
    """What a modality that shows the class `shown` shows of a study.

    Every sixth with a finding has a device besides. The side goes by the study's number.

    Args:
        study: of `studies()`.
        shown: a class.
        extent: of what is found.
    """
    if shown == NONE:
        return []
    found = [Sign(CLASSES[shown], study.number % 8 < 4, extent)]
    return [*found, Sign(CLASSES[DEVICES], study.number % 16 < 8, 0.5)] if study.number % 6 == 0 else found


def write(folder: Path, seed: int = 0, strength: Mapping[str, Strength] = STRENGTH) -> None:
    """Write the files of the twin.

    As published: some studies have two frontal pictures, or a lateral one, which is not a row; reports lack sections,
    have a wet read above, or say nothing; findings may be denied, doubtful or not mentioned; one study has no labels.

    Args:
        folder: exists, and is empty.
        seed: of everything that is drawn.
        strength: of `text` and `image`.
    """
    behind = factors(seed, strength)
    pictures: list[Sequence[str]] = [("dicom_id", "study_id", "subject_id", "split")]
    views: list[Sequence[str]] = [
        ("dicom_id", "subject_id", "study_id", "PerformedProcedureStepDescription", "ViewPosition", "Rows", "Columns")
    ]
    labels: list[Sequence[str]] = [("subject_id", "study_id", *sorted((*FINDINGS, "No Finding")))]
    for study in studies():
        key = fold_key(seed, "mimic-cxr-twin", study.study)
        extent, person = float(behind.shared[study.number]), float(behind.private["image"][study.number])
        seen, read = (int(behind.shown[modality][study.number]) for modality in ("image", "text"))
        place = folder / FILES / f"p{study.subject[:2]}" / f"p{study.subject}" / f"s{study.study}"
        place.mkdir(parents=True)
        for nth, view in enumerate(_views(study.number)):
            picture = f"{fold_key(key, nth) % 16**8:08x}-{key % 16**8:08x}-{study.number:08x}"
            there = signs(study, seen, extent) if view != "LATERAL" else []
            pixels = radiograph(there, strength["image"].contrast, person, fold_key(key, nth))
            write_radiograph(place / f"{picture}.jpg", pixels)
            pictures.append((picture, study.study, study.subject, study.split))
            size = (str(SIZE[0]), str(SIZE[1]))
            views.append((picture, study.subject, study.study, "CHEST (PA, LAT)", view, *size))
        told, besides = signs(study, read, extent), 1 + round(4 * (1 - strength["text"].contrast))
        text = report(told, FORMS[study.number % len(FORMS)], study.number, besides, key)
        nothing = study.number in (5, 205)
        place.with_suffix(".txt").write_text(" \n FINAL REPORT\n Unchanged.\n" if nothing else text, encoding="utf-8")
        if study.number != 9:
            labels.append((study.subject, study.study, *_labels(study)))
    for name, lines in ((METADATA, views), (SPLIT, pictures), (LABELS, labels)):
        _write_packed(folder / name, lines)


def _views(number: int) -> list[str]:
    views = ["PA" if number % 3 else "AP"]
    return views + ["AP"] * (number % 10 == 1) + ["LATERAL"] * (number % 5 == 2)


def _labels(study: Study) -> list[str]:
    """By finding what the labeller says, in order of the names; what is said is said from the topic on."""
    said = {CLASSES.index(sign.finding) for sign in signs(study, study.label, 0.5)}
    values = {
        finding: "1.0" if place in said else ("0.0", "", "-1.0", "", "")[(place + study.number) % 5]
        for place, finding in enumerate(FINDINGS)
    }
    values["No Finding"] = "1.0" if study.label == NONE else ""
    return [values[finding] for finding in sorted(values)]


def _write_packed(file: Path, lines: list[Sequence[str]]) -> None:
    """Write a table; the time within the packed file is 0, so that the same lines are the same bytes."""
    with file.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
        for line in lines:
            packed.write(",".join(f'"{cell}"' if "," in cell else cell for cell in line).encode() + b"\n")


TWIN = twin(
    SOURCE,
    write,
    f"{sum(EACH.values())} patients of two studies. A report names its topic (the right one in "
    f"{STRENGTH['text'].clear:.0%} of the studies, clearly), with its side and how large it is, and so looks the "
    "picture: each finding is a blot of its own form and place (the right one in "
    f"{STRENGTH['image'].clear:.0%}, faintly). Side and extent say nothing of the topic, but tell which report belongs "
    "to which picture",
    {
        "rows": 732,
        "train rows": 489,
        "client test rows": 61,
        "global test rows": 182,
        "natural units": 336,
        "natural clients": 5,
        "classes": 14,
        "studies": 665,
        "reports with impression and findings": 381,
        "reports with an impression alone": 92,
        "reports with findings alone": 96,
        "reports with neither, of which the last other text is used": 96,
        "pictures left out, whose view is not frontal": 134,
        "rows left out, whose study has no label": 1,
        "rows left out, whose report has too few words": 7,
    },
    "by patient, as the split file says: test is the global test set, validate is dealt out as the clients' own tests. "
    "The natural clients are five folders of patients (p10 to p14), which are alike",
    version=1,
)
