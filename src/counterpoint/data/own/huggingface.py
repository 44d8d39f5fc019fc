"""Data of one's own from a Hugging Face data set."""

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass, replace
from typing import Any, Unpack

from counterpoint.data.own.items import check_field, from_columns
from counterpoint.data.own.options import Reading
from counterpoint.data.population import Dataset
from counterpoint.errors import UserError

ByRow = str | Sequence[Any] | Any
"""Name of a column, or values by row."""


def from_huggingface(
    dataset: Any,
    *,
    label: str,
    modalities: Mapping[str, str | Sequence[str]],
    client: ByRow | None = None,
    unit: ByRow | None = None,
    split: ByRow | None = None,
    id: ByRow | None = None,
    **reading: Unpack[Reading],
) -> Dataset:
    """A data set out of a `datasets.Dataset`.

    Pictures are scaled to `sizes`, recordings resampled to `rates` and cut to `seconds`, texts cut to `lengths`; lists
    of numbers become tables or sequences by their shape, see `from_arrays`. A value that is None is absent.

    Args:
        dataset: one split of a data set; the package `datasets` itself is not needed. It is gone through once.
        label: name of the column of labels; of a `ClassLabel` the names are the classes.
        modalities: by modality the name of its column, or of several columns of numbers that make a table.
        client: the column of owners, or owners by row; see `from_arrays`, also for what follows.
        unit: likewise of natural units.
        split: likewise of sides.
        id: likewise of names of rows.
        reading: further options of `from_arrays`.

    Raises:
        UserError: it is no such data set, has no such column, or something in it is wrong; rows are counted from 0.
    """
    if isinstance(dataset, Mapping):
        raise UserError(f"this is a collection of data sets ({', '.join(map(str, dataset))}): give one of them.")
    names = getattr(dataset, "column_names", None)
    if not isinstance(names, list) or not hasattr(dataset, "__iter__"):
        raise UserError(f"{type(dataset).__name__} has no list of column names: give a datasets.Dataset.")
    if not isinstance(modalities, Mapping) or not all(modalities.values()):
        raise UserError("modalities must give each one its column, for example {'image': 'img', 'labs': ['na', 'k']}.")
    roles = {"client": client, "unit": unit, "split": split, "id": id}
    parts = {m: [given] if isinstance(given, str) else list(given) for m, given in modalities.items()}
    needed = [*(field for fields in parts.values() for field in fields), label]
    needed += [given for given in roles.values() if isinstance(given, str)]
    for field in needed:
        check_field("column", field, names)
    if label in (field for fields in parts.values() for field in fields):
        raise UserError(f"column {label!r} is the label and cannot be a modality too: leave it out.")
    needed = list(dict.fromkeys(needed))
    features = getattr(dataset, "features", None) or {}
    columns: dict[Any, list[Any]] = {field: [] for field in needed}
    for row in _to_be_read(dataset, needed, features):
        for field in needed:
            columns[field].append(row[field])
    kinds = {m: kind for m, (first, *_) in parts.items() if (kind := _kind(features.get(first)))}
    class_names = getattr(features.get(label), "names", None)
    if class_names and reading.get("classes") is None:
        reading["classes"] = list(class_names)
    reading["kinds"] = kinds | dict(reading.get("kinds") or {})
    joined = {m: fields for m, fields in parts.items() if len(fields) > 1}
    reading["columns"] = joined | dict(reading.get("columns") or {})
    x = {m: columns[fields[0]] if len(fields) == 1 else _side_by_side(columns, fields) for m, fields in parts.items()}
    return from_columns(columns, x, columns[label], roles, "given from Python as a Hugging Face data set", reading)


def _to_be_read(dataset: Any, needed: list[str], features: Mapping[str, Any]) -> Any:
    """The same data set with these columns alone; recordings as bytes or paths, which we decode ourselves."""
    chosen = dataset.select_columns(needed) if hasattr(dataset, "select_columns") else dataset
    for field in needed:
        feature = features.get(field)
        if _kind(feature) == "audio" and is_dataclass(feature) and hasattr(chosen, "cast_column"):
            chosen = chosen.cast_column(field, replace(feature, decode=False))  # type: ignore[type-var]
    return chosen


def _kind(feature: Any) -> str | None:
    """The kind that a feature declares."""
    return {"Image": "image", "Audio": "audio"}.get(type(feature).__name__)


def _side_by_side(columns: Mapping[str, list[Any]], fields: Sequence[str]) -> list[list[Any]]:
    return [list(row) for row in zip(*(columns[field] for field in fields), strict=True)]
