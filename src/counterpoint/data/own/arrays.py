"""Data of one's own from arrays, tensors and lists."""

from collections.abc import Mapping, Sequence
from typing import Any

from counterpoint.data.own.about import Telling
from counterpoint.data.own.assemble import Given, assemble
from counterpoint.data.own.rows import by_number
from counterpoint.data.own.wishes import gathered
from counterpoint.data.population import Dataset
from counterpoint.errors import UserError


def from_arrays(
    x: Mapping[str, Any],
    label: Sequence[Any] | Any,
    *,
    client: Sequence[Any] | Any | None = None,
    unit: Sequence[Any] | Any | None = None,
    split: Sequence[str] | None = None,
    id: Sequence[Any] | Any | None = None,
    classes: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    rates: Mapping[str, float] | None = None,
    units: Mapping[str, str] | None = None,
    columns: Mapping[str, Sequence[str]] | None = None,
    lengths: Mapping[str, int] | None = None,
    sizes: Mapping[str, int] | None = None,
    seconds: Mapping[str, float] | None = None,
    standardise: bool = True,
    test_share: float = 0.2,
    name: str = "own",
    title: str = "",
    licence: str = "not stated",
) -> Dataset:
    """A data set out of arrays; rows are counted from 0.

    What a modality may be given as, and the kind that is inferred:

    | a row is | kind |
    | --- | --- |
    | a number, or [columns] | `table`; NaN where a value is missing |
    | a text | `text` |
    | [channels, steps] | `sequence` |
    | uint8 [height, width]; [channels, height, width] or [height, width, 1 or 3] | `image`: 0..255, floats 0..1 |
    | [samples], where `kinds` says `audio` | `audio`: int16, or floats -1..1; its rate must be given |
    | a `pathlib.Path` of a picture, recording or .npy file; a Pillow image | by what it is |
    | a mapping of `array` and `sampling_rate` | `audio` |

    A modality is absent from a row that is None, that has nothing but NaN, or that is a text without a character. Some
    NaN among other values is an error, except in a table.

    Args:
        x: by modality, an array or tensor [rows, *shape], a pandas object, or a list of rows. Names of modalities have
            letters, digits and underscores.
        label: by row, whole numbers or names of classes.
        client: by row, who owns it; where None, one owner has all.
        unit: by row, the natural unit that must never be split (recording, patient); where None, each row is one.
        split: by row, `train`, `test` (of the row's client) or `global` (the server's test). Where None, `test_share`
            of the units of each class are the server's test, the rest is for training. Where no row is `test`, each
            client's own test is drawn after the partition.
        id: by row, a name; checked to come once.
        classes: names of the classes in order, of which numbers as labels are the places; those that occur, sorted,
            where None.
        kinds: by modality, in place of the inferred one.
        rates: by modality, steps or samples a second.
        units: by modality, the physical unit.
        columns: by modality, names of a table's columns.
        lengths: by modality, bytes of a text; where nothing is said, those of the longest, at most 256. Longer texts
            are cut.
        sizes: by modality, pixels a side of pictures from files or Pillow; 64 where nothing is said.
        seconds: by modality, of recordings from files or with a rate of their own; those of the longest, at most 10,
            where nothing is said. They are resampled to `rates`, or 16,000 a second.
        standardise: whether columns of tables become (x - mean) / deviation, of the training rows; one that is constant
            there becomes 0.
        test_share: between 0 and 1.
        name: of the data set.
        title: one line, for the card.
        licence: for the card.

    Raises:
        UserError: something given is wrong; the sentence names modality and row.
    """
    if not isinstance(x, Mapping):
        raise UserError(f"x is of type {type(x).__name__}: give arrays by modality, for example {{'ecg': array}}.")
    said = {
        "kind": kinds,
        "rate": rates,
        "unit": units,
        "columns": columns,
        "length": lengths,
        "size": sizes,
        "seconds": seconds,
    }
    given = Given(
        label,
        client,
        unit,
        split,
        id,
        classes,
        standardise,
        test_share,
        Telling(name=name, title=title, licence=licence),
    )
    return assemble(x, gathered(x, said), given, by_number)
