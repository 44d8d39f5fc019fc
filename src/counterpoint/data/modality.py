"""What a modality and a task are."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["sequence", "image", "text", "audio", "table"]


@dataclass(frozen=True)
class Modality:
    """A named sense.

    Attributes:
        name: short and lower case, for example `acc`; part of block names (`encoder.acc`) and patterns (`acc+gyro`).
        kind: decides which encoders fit.
        shape: shape of one sample, for a sequence (channels, steps).
        unit: physical unit of the values, for people.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    unit: str = ""


@dataclass(frozen=True)
class Task:
    """What is learned: classification into `classes` (label i means `classes[i]`)."""

    classes: tuple[str, ...]
    kind: Literal["classification"] = "classification"
