"""The twin of Opportunity: easy by acceleration, hard by turning."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from counterpoint.data.sources.official.opportunity import (
    CHANNELS,
    CLASSES,
    COLUMNS,
    FOLDER,
    GESTURES,
    LABEL,
    RATE,
    RUNS,
    SOURCE,
    SUBJECTS,
    WINDOW,
)
from counterpoint.data.twins.factors import Factors, Strength, drawn
from counterpoint.data.twins.motion import motion
from counterpoint.data.twins.twin import twin
from counterpoint.randomness import fold_key, generator

EACH, NOTHING = 2, 6
"""Windows of each gesture in a run, and of none."""
EDGE = 3
"""Steps at either end of a gesture's window that are not labelled as the gesture."""
STRENGTH = {"acce": Strength(clear=0.95, contrast=0.6), "gyro": Strength(clear=0.6, contrast=0.5)}
SCALES = {"acce": (300.0, 100.0), "gyro": (500.0, 0.0)}
"""By modality what one unit of a swing is (milli-g, thousandths), and what is added."""
SILENT = ("S2-ADL3", slice(34, 37))
"""A run, and the columns of a sensor that never works in it."""
UNKNOWN = -(10**6)


def runs(seed: int = 0) -> list[tuple[str, list[int]]]:
    """Name of each run, and the labels of its windows in order of time."""
    found = []
    for name in (f"S{subject}-ADL{run}" for subject in range(1, SUBJECTS + 1) for run in range(1, RUNS + 1)):
        labels = torch.tensor([*range(1, len(CLASSES))] * EACH + [0] * NOTHING)
        order = torch.randperm(len(labels), generator=generator(seed, "opportunity-twin", name))
        found.append((name, labels[order].tolist()))
    return found


def factors(seed: int = 0, strength: Mapping[str, Strength] = STRENGTH) -> Factors:
    """What is behind each window of `runs()`."""
    rows = [(int(name[1]) - 1, label) for name, labels in runs(seed) for label in labels]
    owner = [person for person, _ in rows]
    return drawn([label for _, label in rows], owner, strength, len(CLASSES), "opportunity-twin", seed)


def write(folder: Path, seed: int = 0, strength: Mapping[str, Strength] = STRENGTH) -> None:
    """Write the files of the twin.

    As published: a gesture neither begins nor ends with a window, accelerometers lose steps, and one is silent for a
    whole run.

    Args:
        folder: exists, and is empty.
        seed: of everything that is drawn.
        strength: of `acce` and `gyro`.
    """
    behind = factors(seed, strength)
    (folder / FOLDER).mkdir()
    row = 0
    for number, (name, labels) in enumerate(runs(seed)):
        steps = WINDOW * len(labels) + number % WINDOW
        values = np.zeros((steps, COLUMNS), dtype=np.int64)
        for window, label in enumerate(labels):
            first = WINDOW * window
            for m, columns in CHANNELS.items():
                told = int(behind.shown[m][row]), len(CLASSES), float(behind.private[m][row]), float(behind.shared[row])
                key = fold_key(seed, "opportunity-twin", row)
                swing = motion(*told, strength[m], (WINDOW, len(columns)), f"opportunity {m}", key)
                scale, offset = SCALES[m]
                values[first : first + WINDOW, list(columns)] = np.rint(offset + scale * swing.numpy())
            values[first + EDGE : first + WINDOW - EDGE, LABEL] = list(GESTURES.values())[label]
            row += 1
        values[:, 0] = np.rint(np.arange(steps) * 1000 / RATE)
        values[:, 243:245] = 1, 101
        lost = torch.rand(steps, 12, generator=generator(seed, "opportunity-twin", name, "lost")) < 0.02
        values[:, 1:37][lost.repeat_interleave(3, 1).numpy()] = UNKNOWN
        if name == SILENT[0]:
            values[:, SILENT[1]] = UNKNOWN
        lines = [" ".join(map(str, line)) for line in values.tolist()]
        (folder / FOLDER / f"{name}.dat").write_text("\n".join([*lines, ""]).replace(str(UNKNOWN), "NaN"))


TWIN = twin(
    SOURCE,
    write,
    f"Four people do each gesture {EACH} times in each of five runs. Sensors show the gesture by the pace and strength "
    f"of their swing: acceleration the right one in {STRENGTH['acce'].clear:.0%} of the windows, clearly, turning in "
    f"{STRENGTH['gyro'].clear:.0%}. Vigour says nothing; each person has a pace besides. Gestures are far more "
    "frequent than in the published set",
    {
        "rows": 800,
        "train rows": 640,
        "client test rows": 0,
        "global test rows": 160,
        "natural units": 20,
        "natural clients": 4,
        "classes": 18,
    },
    "by run: the last two of persons 2 and 3 are the global test set; each client's test is drawn of its other runs. "
    "The natural clients are the four people",
    version=1,
)
