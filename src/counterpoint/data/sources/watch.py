"""Smartwatch recordings of seven shoulder exercises: accelerometer and gyroscope of ten subjects, both arms."""

import io
import zipfile

import numpy as np
import torch

from counterpoint.data.card import Card
from counterpoint.data.fetch import Pin, fetch
from counterpoint.data.modality import Modality, Task
from counterpoint.data.population import Dataset, Side
from counterpoint.data.samples import Samples
from counterpoint.data.sources.source import Source
from counterpoint.randomness import fold_key

PIN = Pin(
    "pip",
    "seglearn==1.2.5",
    "seglearn-1.2.5-py3-none-any.whl",
    "ec6b952c85c9627050102854b372d85951563d3b990df677d7c55547e87413dd",
)
MEMBER = "seglearn/data/watch_dataset.npy"

WINDOW = 128
HOP = 64
RATE = 50.0
CLASSES = ("PEN", "ABD", "FEL", "IR", "ER", "TRAP", "ROW")
SUBJECTS = 10
HELD_OUT = (8, 9, 10)
MIRROR = np.array([-1, 1, 1, 1, -1, -1], dtype=np.float32)
"""Signs of ax, ay, az, wx, wy, wz under reflection of x: acceleration is a vector, angular velocity a pseudovector."""

CARD = Card(
    name="watch",
    title="Seven shoulder exercises under a smartwatch: accelerometer and gyroscope, ten subjects, both arms",
    origin=(
        "recorded by D. Burns and others (arXiv 1802.01489), 50 Hz; comes in the Python package seglearn 1.2.5; "
        "here cut into windows of 128 steps (2.56 s), one every 64 steps, left-arm recordings mirrored into right-arm "
        "ones (ax, wy and wz change sign, as reflection in the body's plane of symmetry demands)"
    ),
    licence="the package is BSD; no separate licence is stated for the data",
    checksum=PIN.sha256,
    counts={
        "rows": 3605,
        "train rows": 1221,
        "client test rows": 1239,
        "global test rows": 1145,
        "recordings": 140,
        "subjects": 10,
        "classes": 7,
    },
    split=(
        "by recording. Subjects 8, 9 and 10 are the global test set: the last three, so that nobody can have picked "
        "them. Each other subject did each exercise once with either arm: one of the two recordings is for training, "
        "the other for the client's test. Which arm is for training is fixed, whatever the seed of a run: for each "
        "exercise it is the left one for three or four of the seven subjects. So a client trains and is tested on the "
        "same seven exercises."
    ),
    modalities={"acc": f"sequence, 3 x {WINDOW}, g", "gyro": f"sequence, 3 x {WINDOW}, rad/s"},
    classes=CLASSES,
    traps=(
        "windows overlap by half, so a random split of windows leaks training data into the test",
        "there are at most seven natural clients, because three of the ten subjects are held out",
        "unmirrored, the arms differ by the signs of ax, wy and wz; as a client's training and test recording of an "
        "exercise are of different arms, the arm would then foretell the exercise in training and mislead in the test",
        "only the arm differs between a client's two recordings of an exercise: its test tells nothing of new wearers",
    ),
)


def left_arm_trains(exercise: int) -> frozenset[int]:
    """Choose of whom the left arm is for training in this exercise: three or four of the seven subjects, in turn.

    The order is that of a hash, not of a random generator, so that it is the same under every version of every library.
    """
    subjects = sorted(
        set(range(1, SUBJECTS + 1)) - set(HELD_OUT),
        key=lambda subject: fold_key(0, "watch", "split", exercise, subject),
    )
    return frozenset(subjects[: (len(subjects) + exercise % 2) // 2])


def recording_side(subject: int, exercise: int, right_arm: bool) -> Side:
    """Tell on which side of the split a recording, with all its windows, lies."""
    if subject in HELD_OUT:
        return Side.GLOBAL_TEST
    trains = right_arm != (subject in left_arm_trains(exercise))
    return Side.TRAIN if trains else Side.CLIENT_TEST


def windows(recording: np.ndarray) -> np.ndarray:
    """Cut [steps, channels] into float32 [windows, channels, WINDOW], one window every HOP steps; no padding."""
    view = np.lib.stride_tricks.sliding_window_view(recording, WINDOW, axis=0)
    return view[::HOP].astype(np.float32)


def build() -> Dataset:
    """Fetch the wheel, check its hash, and only then unpickle and cut the recordings."""
    with zipfile.ZipFile(fetch(PIN)) as wheel:
        raw = np.load(io.BytesIO(wheel.read(MEMBER)), allow_pickle=True).item()
    exercise, subject, right_arm = (raw[key].astype(np.int64).tolist() for key in ("y", "subject", "side"))
    cut = [windows(x if right else x * MIRROR) for x, right in zip(raw["X"], right_arm, strict=True)]
    unit = torch.arange(len(cut)).repeat_interleave(torch.tensor([len(part) for part in cut]))
    values = torch.from_numpy(np.concatenate(cut))
    side = [int(recording_side(s, e, bool(arm))) for s, e, arm in zip(subject, exercise, right_arm, strict=True)]
    present = torch.ones(len(unit), dtype=torch.bool)
    return Dataset(
        name=CARD.name,
        task=Task(CLASSES),
        modalities={
            "acc": Modality("acc", "sequence", (3, WINDOW), "g", rate=RATE),
            "gyro": Modality("gyro", "sequence", (3, WINDOW), "rad/s", rate=RATE),
        },
        samples=Samples(
            {"acc": values[:, :3], "gyro": values[:, 3:]},
            {"acc": present, "gyro": present},
            torch.tensor(exercise)[unit],
            unit,
        ),
        owner=torch.tensor(subject)[unit] - 1,
        owners=tuple(f"subject {number}" for number in range(1, SUBJECTS + 1)),
        side=torch.tensor(side)[unit],
        card=CARD,
    )


SOURCE = Source(CARD, version=3, build=build)
