"""Opportunity: four people in a kitchen, with sensors all over their bodies; gestures."""

from pathlib import Path

from counterpoint.data.card import Card
from counterpoint.data.modality import Modality
from counterpoint.data.population import Dataset, Side
from counterpoint.data.sources.official import windows
from counterpoint.data.sources.official.official import Official

RATE = 30.0
WINDOW = 24
SUBJECTS = 4
RUNS = 5
TESTED = tuple(f"S{subject}-ADL{run}" for subject in (2, 3) for run in (4, 5))
GESTURES = {
    "none of these": 0,
    "open door 1": 406516,
    "open door 2": 406517,
    "close door 1": 404516,
    "close door 2": 404517,
    "open fridge": 406520,
    "close fridge": 404520,
    "open dishwasher": 406505,
    "close dishwasher": 404505,
    "open drawer 1": 406519,
    "close drawer 1": 404519,
    "open drawer 2": 406511,
    "close drawer 2": 404511,
    "open drawer 3": 406508,
    "close drawer 3": 404508,
    "clean table": 408512,
    "drink from cup": 407521,
    "toggle switch": 405506,
}
"""By class its code in the files."""
CLASSES = tuple(GESTURES)
COLUMNS = 250
LABEL = 249
UNITS = (37, 50, 63, 76, 89)
"""First column of each of the five measurement units: three of acceleration, three of turning, magnetism, pose."""
SHOES = (105, 121)
"""First column of each shoe's acceleration, of which there are six: as to the ground, and as to the foot."""
CHANNELS = {
    "acce": (
        *range(1, 37),
        *(first + axis for first in UNITS for axis in range(3)),
        *(first + axis for first in SHOES for axis in range(6)),
    ),
    "gyro": tuple(first + 3 + axis for first in UNITS for axis in range(3)),
}
"""Columns of each modality, counted from 0; column 0 is the time, and 1 to 36 are twelve accelerometers."""
FOLDER = "dataset"

NEEDS = (
    f"the folder of Opportunity (OpportunityUCIDataset) holds {FOLDER} with S1-ADL1.dat to S{SUBJECTS}-ADL{RUNS}.dat, "
    f"each line {COLUMNS} numbers or NaN, the gesture last"
)

CARD = Card(
    name="opportunity",
    title="Seventeen gestures of four people in a kitchen: acceleration and turning all over the body",
    origin=(
        "recorded by the makers of OPPORTUNITY (Roggen et al. 2010; Chavarriaga et al. 2013), at 30 Hz; number 226 of "
        "the UCI Machine Learning Repository, which gives it away. It is not fetched: get it there and say where it "
        f"is, as in --data opportunity:/path/to/OpportunityUCIDataset; {NEEDS}. Here each run is cut into windows of "
        f"{WINDOW} steps ({WINDOW / RATE:.1f} s) without overlap; a window's label is that of most of its steps (of "
        "several the first in the list of classes). A value that is not known is taken from the step before (0 where "
        "there is none); then each channel of each run is standardised. The runs called Drill are not read"
    ),
    licence="Creative Commons Attribution 4.0, as the repository says",
    checksum="",
    counts={"natural clients": SUBJECTS, "classes": len(CLASSES)},
    split=(
        f"by run: {', '.join(TESTED)} are the global test set, as in the challenge of the makers; each client's test "
        "is drawn of its other runs. The natural clients are the four people"
    ),
    modalities={
        name: f"sequence, {len(columns)} x {WINDOW}, standardised for each run" for name, columns in CHANNELS.items()
    },
    classes=CLASSES,
    traps=(
        "gyro is the turning of all five measurement units, each column once; in published code, in place of the left "
        "lower arm's there are three columns of the left upper arm, two of them for the second time",
        "columns are those of the repository's files, which have 250; files of the challenge have 116, and other codes "
        "of gestures, and are not read",
        "most windows are none of the gestures (about three in four): a constant answer is right as often, so look at "
        "more than accuracy",
        "some sensors are silent for long: their last value is repeated",
        "runs are standardised over all their steps, which needs a whole run, though no label",
        "written to the published description; the number of rows was not verified on the published files",
    ),
)
MODALITIES = {
    name: Modality(name, "sequence", (len(columns), WINDOW), "standardised", rate=RATE)
    for name, columns in CHANNELS.items()
}


def run(file: Path, name: str) -> windows.Piece:
    """The windows of one run.

    Raises:
        UserError: the file is missing or damaged.
    """
    read = windows.table(file, COLUMNS, NEEDS)
    label = windows.labels(read[:, LABEL], list(GESTURES.values()), file)
    begin = windows.starts(0, len(label), WINDOW, WINDOW)
    x = {
        modality: windows.cut(windows.standardised(read[:, list(columns)]), begin, WINDOW)
        for modality, columns in CHANNELS.items()
    }
    told = windows.majority(label, begin, WINDOW)
    side = Side.GLOBAL_TEST if name in TESTED else Side.TRAIN
    return windows.Piece(x, told, [name] * len(told), f"person {name[1]}", side)


def read(folder: Path) -> Dataset:
    """Read a folder of Opportunity.

    Raises:
        UserError: something in it is missing or damaged.
    """
    names = [f"S{subject}-ADL{number}" for subject in range(1, SUBJECTS + 1) for number in range(1, RUNS + 1)]
    pieces = [run(folder / FOLDER / f"{name}.dat", name) for name in names]
    return windows.assembled(CARD, CLASSES, MODALITIES, pieces, {})


SOURCE = Official(CARD, 1, NEEDS, (FOLDER,), read)
