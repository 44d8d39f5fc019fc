"""mHealth: ten people exercise with sensors at chest, ankle and arm."""

from pathlib import Path

import numpy as np

from counterpoint.data.card import Card
from counterpoint.data.modality import Modality
from counterpoint.data.population import Dataset, Side
from counterpoint.data.sources.official import windows
from counterpoint.data.sources.official.official import Official

RATE = 50.0
WINDOW = 128
BLOCK = 4
"""So many windows of a stretch, one after another, are a natural unit."""
SUBJECTS = 10
TESTED = 10
CLASSES = (
    "none of these",
    "standing still",
    "sitting and relaxing",
    "lying down",
    "walking",
    "climbing stairs",
    "bending the waist forward",
    "raising the arms",
    "bending the knees",
    "cycling",
    "jogging",
    "running",
    "jumping front and back",
)
COLUMNS = 24
LABEL = 23
CHANNELS = {
    "acce": (0, 1, 2, 5, 6, 7, 14, 15, 16),
    "gyro": (8, 9, 10, 17, 18, 19),
    "mage": (11, 12, 13, 20, 21, 22),
}
"""Columns of each modality, counted from 0: of the chest (acceleration alone), of the left ankle, of the right arm."""
FILES = tuple(f"mHealth_subject{subject}.log" for subject in range(1, SUBJECTS + 1))

NEEDS = (
    f"the folder of mHealth (MHEALTHDATASET) holds {FILES[0]} to {FILES[-1]}, each line of them {COLUMNS} numbers, the "
    "last its label"
)

CARD = Card(
    name="mhealth",
    title="Twelve exercises of ten people: acceleration, turning and magnetic field at chest, ankle and arm",
    origin=(
        "recorded by the makers of mHealth (Banos et al. 2014), at 50 Hz; number 319 of the UCI Machine Learning "
        "Repository, which gives it away. It is not fetched: get it there and say where it is, as in --data "
        f"mhealth:/path/to/MHEALTHDATASET; {NEEDS}. Here each stretch of one label is cut into windows of {WINDOW} "
        f"steps ({WINDOW / RATE:.2f} s) without overlap, so that all steps of a window have its label; what is left "
        "over at the end of a stretch is dropped. A value that is not known is taken from the step before (0 where "
        "there is none); then each channel of each person is standardised. The heart's two channels are not read"
    ),
    licence="Creative Commons Attribution 4.0, as the repository says",
    checksum="",
    counts={"natural clients": SUBJECTS, "classes": len(CLASSES)},
    split=(
        f"by person: person {TESTED} alone is the global test set, the last, so that nobody can have picked them. The "
        f"natural clients are the people. Of theirs, what is never split are {BLOCK} windows of a stretch, one after "
        "another (10 s); each client's test, and a proxy set, are drawn of such"
    ),
    modalities={
        name: f"sequence, {len(columns)} x {WINDOW}, standardised for each person" for name, columns in CHANNELS.items()
    },
    classes=CLASSES,
    traps=(
        "each person did each exercise once: a client's test, and a proxy set, are of the same exercise and minute as "
        "what is trained on; of new wearers the global test alone tells, and that is one person",
        "most steps are none of the twelve exercises (about seven in ten): look at more than accuracy",
        "people are standardised over all their steps, which needs a whole recording, though no label",
        "papers hold out another person, chosen at random, and other windows",
        "written to the published description; the number of rows was not verified on the published files",
    ),
)
MODALITIES = {
    name: Modality(name, "sequence", (len(columns), WINDOW), "standardised", rate=RATE)
    for name, columns in CHANNELS.items()
}


def person(file: Path, subject: int) -> windows.Piece:
    """The windows of one person.

    Raises:
        UserError: the file is missing or damaged.
    """
    read = windows.table(file, COLUMNS, NEEDS)
    label = windows.labels(read[:, LABEL], range(len(CLASSES)), file)
    begin, told, unit = [], [], []
    for stretch, (first, end) in enumerate(windows.runs(label)):
        for number, at in enumerate(windows.starts(first, end, WINDOW, WINDOW).tolist()):
            begin.append(at)
            told.append(int(label[at]))
            unit.append(f"person {subject}, stretch {stretch}, block {number // BLOCK}")
    places = np.array(begin, dtype=np.int64)
    x = {
        name: windows.cut(windows.standardised(read[:, list(columns)]), places, WINDOW)
        for name, columns in CHANNELS.items()
    }
    side = Side.GLOBAL_TEST if subject == TESTED else Side.TRAIN
    return windows.Piece(x, told, unit, f"person {subject}", side)


def read(folder: Path) -> Dataset:
    """Read a folder of mHealth.

    Raises:
        UserError: something in it is missing or damaged.
    """
    pieces = [person(folder / name, subject) for subject, name in enumerate(FILES, 1)]
    return windows.assembled(CARD, CLASSES, MODALITIES, pieces, {})


SOURCE = Official(CARD, 1, NEEDS, FILES, read)
