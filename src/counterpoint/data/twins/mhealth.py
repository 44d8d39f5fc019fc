"""The twin of mHealth: easy by acceleration, harder by magnetic field, hardest by turning."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from counterpoint.data.sources.official.mhealth import CHANNELS, CLASSES, COLUMNS, FILES, LABEL, SOURCE, WINDOW
from counterpoint.data.twins.factors import Factors, Strength, drawn
from counterpoint.data.twins.motion import motion
from counterpoint.data.twins.twin import twin
from counterpoint.randomness import fold_key, generator

EACH = 5
"""Windows of an exercise; of what is none of them, one before each."""
STRENGTH = {
    "acce": Strength(clear=0.95, contrast=0.7),
    "gyro": Strength(clear=0.6, contrast=0.4),
    "mage": Strength(clear=0.8, contrast=0.5),
}
SCALES = {"acce": (4.0, -2.0), "gyro": (0.5, 0.0), "mage": (20.0, 5.0)}
"""By modality what one unit of a swing is (m/s^2, deg/s, local), and what is added."""


def stretches() -> list[tuple[int, int, int]]:
    """Person (from 0), label and windows of each stretch, in order of time."""
    return [
        (person, label, windows)
        for person in range(len(FILES))
        for exercise in range(1, len(CLASSES))
        for label, windows in ((0, 1), (exercise, EACH))
    ]


def factors(seed: int = 0, strength: Mapping[str, Strength] = STRENGTH) -> Factors:
    """What is behind each window of `stretches()`."""
    rows = [(person, label) for person, label, windows in stretches() for _ in range(windows)]
    owner = [person for person, _ in rows]
    return drawn([label for _, label in rows], owner, strength, len(CLASSES), "mhealth-twin", seed)


def write(folder: Path, seed: int = 0, strength: Mapping[str, Strength] = STRENGTH) -> None:
    """Write the files of the twin.

    Stretches last a little longer than their windows, as recordings do.

    Args:
        folder: exists, and is empty.
        seed: of everything that is drawn.
        strength: of `acce`, `gyro` and `mage`.
    """
    behind = factors(seed, strength)
    parts: list[list[np.ndarray]] = [[] for _ in FILES]
    row = 0
    for person, label, windows in stretches():
        for number in range(windows):
            steps = WINDOW + (1 + 2 * label if number == windows - 1 else 0)
            key = fold_key(seed, "mhealth-twin", row)
            values = np.zeros((steps, COLUMNS))
            values[:, 3:5] = 0.3 * torch.randn(steps, 2, generator=generator(key, "heart")).numpy()
            for m, columns in CHANNELS.items():
                told = int(behind.shown[m][row]), len(CLASSES), float(behind.private[m][row]), float(behind.shared[row])
                scale, offset = SCALES[m]
                swing = motion(*told, strength[m], (steps, len(columns)), f"mhealth {m}", key)
                values[:, list(columns)] = offset + scale * swing.numpy()
            values[:, LABEL] = label
            parts[person].append(values)
            row += 1
    for name, windows_of in zip(FILES, parts, strict=True):
        np.savetxt(folder / name, np.concatenate(windows_of), fmt=["%.4g"] * LABEL + ["%d"], delimiter="\t")


TWIN = twin(
    SOURCE,
    write,
    f"Ten people do the twelve exercises, {EACH} windows of each, with a window of none before it. Sensors show the "
    "exercise by the pace and strength of their swing: acceleration the right one in "
    f"{STRENGTH['acce'].clear:.0%} of the windows, clearly, the magnetic field in {STRENGTH['mage'].clear:.0%}, "
    f"turning in {STRENGTH['gyro'].clear:.0%}, faintly. Vigour says nothing; each person has a pace besides",
    {
        "rows": 720,
        "train rows": 648,
        "client test rows": 0,
        "global test rows": 72,
        "natural units": 360,
        "natural clients": 10,
        "classes": 13,
    },
    "by person: the last of ten is the global test set; each client's test, and a proxy set, are drawn of blocks of up "
    "to four windows of its own. The natural clients are the people",
    version=1,
)
