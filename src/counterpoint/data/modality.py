"""What a modality and a task are."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["sequence", "image", "text", "audio", "table"]


@dataclass(frozen=True)
class Modality:
    """A named sense.

    Its values are float32 [rows, *shape]. What they are depends on the kind:

    | kind | shape | values |
    | --- | --- | --- |
    | `sequence` | (channels, steps) | in `unit`, `rate` steps a second |
    | `image` | (channels, height, width) | from 0 to 1 |
    | `text` | (bytes,) | UTF-8, one byte a value (0 to 255), zeros after the end: no vocabulary need be agreed on |
    | `audio` | (samples,) | a waveform from -1 to 1, `rate` samples a second |
    | `table` | (columns,) | standardised; NaN where a value is missing |

    Attributes:
        name: short and lower case, for example `acc`; part of block names (`encoder.acc`) and patterns (`acc+gyro`).
        kind: decides which encoders fit.
        shape: shape of one sample.
        unit: physical unit of the values, for people.
        rate: values a second, where that means anything; 0 where not.
        columns: names of a table's columns, where known.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    unit: str = ""
    rate: float = 0.0
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """What is learned: classification into `classes` (label i means `classes[i]`)."""

    classes: tuple[str, ...]
    kind: Literal["classification"] = "classification"
