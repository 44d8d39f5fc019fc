"""RSNA Pneumonia Detection Challenge: frontal radiographs of the chest, with pneumonia or without."""

import re
from collections import Counter
from pathlib import Path

import torch

from counterpoint.data.card import Card
from counterpoint.data.population import Dataset, Side
from counterpoint.data.sources.official.dicom import dicom
from counterpoint.data.sources.official.gather import Rows, gathered
from counterpoint.data.sources.official.official import Official
from counterpoint.data.sources.official.radiograph import IMAGE, MADE, SIZE, TOLD, squared
from counterpoint.data.sources.official.tables import table
from counterpoint.data.sources.split import held_out
from counterpoint.errors import UserError

CLASSES = ("no pneumonia", "pneumonia")
KINDS = {"Normal": 0, "No Lung Opacity / Not Normal": 0, "Lung Opacity": 1}
"""The detailed classes, and which Target each has."""
SHARE = 0.15
PICTURES, LABELS, DETAILS = "stage_2_train_images", "stage_2_train_labels.csv", "stage_2_detailed_class_info.csv"
NAME = re.compile(r"[0-9a-f][0-9a-f-]*")

NEEDS = (
    f"the folder of the RSNA Pneumonia Detection Challenge (stage 2) holds {LABELS}, {DETAILS} and {PICTURES} "
    "(<patientId>.dcm, ...)"
)

CARD = Card(
    name="rsna",
    title="Frontal radiographs of the chest, with pneumonia or without",
    origin=(
        "chosen from the NIH's ChestX-ray14 and labelled by radiologists for the RSNA Pneumonia Detection Challenge "
        "(Shih et al. 2019), whose stage 2 Kaggle gives away. It is not fetched: get it there and say where it is, as "
        f"in --data rsna:/path/to/rsna-pneumonia-detection-challenge; {NEEDS}. Here the task is whether there is a "
        f"lung opacity that may be pneumonia (Target); where it is (the boxes) is not read; {MADE}. Of DICOM files, "
        "those of the challenge's kind are read: one grey frame of 8 bits, as JPEG baseline; also uncompressed ones"
    ),
    licence="for academic and non-commercial use, by the rules of the challenge; those of the NIH for the pictures",
    checksum="",
    counts={"rows": 26684, "natural clients": 1, "classes": 2},
    split=(
        f"by patientId: {SHARE:.0%} of each of the three detailed classes is the global test set, fixed by a hash, "
        "whatever the seed of a run; each client's test is drawn out of its own rows. This split is Counterpoint's: "
        "the challenge's test pictures have no labels, and are not read. There are no natural clients"
    ),
    modalities={"image": TOLD},
    classes=CLASSES,
    traps=(
        "a patientId is that of a picture: one person may have several in ChestX-ray14, which nothing in the folder "
        "tells, so the same person may be on both sides",
        "papers that split it at random (70, 15 and 15 %) drew other pictures",
        "less than a quarter of the rows have pneumonia: look at AUC, not at accuracy",
        "those without pneumonia are healthy or have something else (No Lung Opacity / Not Normal): the counts say how "
        "many, the labels do not",
        "COVIDx holds many of the same pictures",
        f"the papers take 224 pixels a side; here they have {SIZE}",
        "the number of rows above is that of the literature; nothing was verified on the published files",
    ),
)


def kinds(folder: Path) -> dict[str, str]:
    """By patientId the detailed class; a file has a line for each box, so a patientId may come several times.

    Raises:
        UserError: a list is missing, a line is wrong, or the two lists contradict one another.
    """
    kind: dict[str, str] = {}
    for where, (patient, said) in table(folder / DETAILS, ("patientId", "class"), NEEDS):
        if said not in KINDS:
            raise UserError(f"{where}: the class is {said!r}, which is none of {', '.join(KINDS)}.")
        if not NAME.fullmatch(patient):
            raise UserError(f"{where}: {patient!r} is no patientId.")
        if kind.setdefault(patient, said) != said:
            raise UserError(f"{where}: {patient} is {said!r} here and {kind[patient]!r} above.")
    labelled = set()
    for where, (patient, target) in table(folder / LABELS, ("patientId", "Target"), NEEDS):
        if target not in ("0", "1"):
            raise UserError(f"{where}: Target is {target!r}, which is neither 0 nor 1.")
        if patient not in kind:
            raise UserError(f"{where}: {patient} is not in {DETAILS}.")
        if int(target) != KINDS[kind[patient]]:
            raise UserError(f"{where}: Target is {target}, but the class in {DETAILS} is {kind[patient]!r}.")
        labelled.add(patient)
    if lacking := [patient for patient in kind if patient not in labelled]:
        raise UserError(f"{folder / LABELS} has no line for {lacking[0]}, which is in {DETAILS}.")
    if not kind:
        raise UserError(f"{folder / DETAILS} has no rows: {NEEDS}.")
    return kind


def read(folder: Path) -> Dataset:
    """Read a folder of the RSNA Pneumonia Detection Challenge.

    Raises:
        UserError: something in it is missing or damaged.
    """
    kind = kinds(folder)
    rows = sorted(kind)
    if lacking := [patient for patient in rows if not (folder / PICTURES / f"{patient}.dcm").is_file()]:
        raise UserError(f"there is no picture {folder / PICTURES / lacking[0]}.dcm: {NEEDS}.")
    order = list(KINDS)
    number = torch.arange(len(rows))
    tested = held_out(number, torch.tensor([order.index(kind[patient]) for patient in rows]), SHARE, CARD.name)
    many = Counter(kind.values())
    return gathered(
        CARD,
        Rows(
            CLASSES,
            [KINDS[kind[patient]] for patient in rows],
            rows,
            ["everyone"] * len(rows),
            [Side.GLOBAL_TEST if one else Side.TRAIN for one in tested.tolist()],
        ),
        {
            "image": (
                IMAGE,
                torch.uint8,
                lambda row: squared(dicom(folder / PICTURES / f"{rows[row]}.dcm"), SIZE),
            )
        },
        {f"rows of class {name}": many[name] for name in order},
    )


SOURCE = Official(CARD, 1, NEEDS, (PICTURES, LABELS, DETAILS), read)
