"""Data as they are dealt out, and how long is trained on them: one column of a comparison."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

GRID = ("modalities", "features", "partition", "clients", "missing", "missing_test", "labels", "proxy")
"""Arguments of a run of which a comparison takes several values: a column for each combination."""
USUAL = {"partition": "natural", "missing": "none", "labels": "all", "proxy": 0.0}
WORDS = {"missing_test": "missing at test", "clients": "clients", "missing": "missing", "labels": "labels"}


@dataclass(frozen=True)
class Condition:
    """What all methods of a comparison meet alike.

    Attributes:
        data: name of a data set, or a folder.
        options: further arguments of `runs.run`: how the data are dealt out, rounds, epochs, and so on.
        measure: what is compared: one of `comparison.MeasureKind`, for example `accuracy`.
        label: as people read it, its own in a comparison.
    """

    data: str
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    measure: str = "accuracy"
    label: str = ""

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", described(self.data, self.options))


def described(data: str, options: Mapping[str, Any]) -> str:
    """A data set and what is unusual about it, for example `watch, missing client:0.4`."""
    parts = [Path(data).name or data]
    for name in GRID:
        value = options.get(name)
        if not value or value == USUAL.get(name):
            continue
        if name == "modalities":
            text = " + ".join(value)
        elif name == "features":
            text = ", ".join(f"{modality} by {encoder}" for modality, encoder in value.items())
        else:
            text = f"{WORDS.get(name, name)} {f'{value:g}' if isinstance(value, float) else value}"
        parts.append(text.removeprefix("partition "))
    return ", ".join(parts)


def grid(several: Mapping[str, Iterable[Any]]) -> Iterator[dict[str, Any]]:
    """Every combination of values, in the order given.

    Args:
        several: by name of an argument, its values.
    """
    for values in product(*several.values()):
        yield dict(zip(several, values, strict=True))
