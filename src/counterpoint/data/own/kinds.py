"""Rows of numbers and of text as values of the five kinds of modality."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from counterpoint.data.modality import Kind, Modality
from counterpoint.data.own.rows import Array, Where, is_missing
from counterpoint.data.own.wishes import Wish
from counterpoint.data.text import spell
from counterpoint.errors import UserError

LONGEST_TEXT = 256
"""Bytes of texts at most, unless something else is said."""


class Sense(NamedTuple):
    """One modality of all rows.

    Attributes:
        modality: what it is.
        values: [rows, *shape]; compact as `data.compact.widened` has it, or float64 of a table, not yet standardised.
        present: bool [rows].
        notes: remarks for the card.
    """

    modality: Modality
    values: Tensor
    present: Tensor
    notes: tuple[str, ...] = ()


def guessed(name: str, values: Array) -> Kind:
    """The kind that a shape and a type suggest: see `from_arrays`.

    Raises:
        UserError: they suggest none.
    """
    dimensions = values.ndim - 1
    if dimensions == 2 and values.dtype == np.uint8:
        return "image"
    kinds: tuple[Kind, ...] = ("table", "table", "sequence", "image")
    if dimensions < len(kinds):
        return kinds[dimensions]
    raise UserError(f"modality {name!r}: its rows have the shape {values.shape[1:]}, which fits no kind: change it.")


def numeric(name: str, kind: Kind, values: Array, there: NDArray[np.bool_], said: Wish, where: Where) -> Sense:
    """Numbers as a modality of a kind.

    Args:
        name: of the modality.
        kind: any but text.
        values: [rows, *shape]; rows that are not there hold zeros.
        there: bool [rows].
        said: of the modality.
        where: a row is.

    Raises:
        UserError: the shape is not of the kind, or values are beyond its bounds.
    """
    if kind != "table":
        gaps = np.isnan(values.reshape(len(values), -1)).any(axis=1) if values.dtype.kind == "f" else ~there & there
        if gaps.any():
            raise UserError(
                f"modality {name!r} ({kind}): {where(int(gaps.argmax()))} has values that are NaN and others that are "
                "not: fill the gaps, or make the whole row NaN if it is missing."
            )
    shaped = {"table": _table, "sequence": _sequence, "image": _image, "audio": _audio}[kind](name, values, where)
    shape = tuple(shaped.shape[1:])
    columns = said.columns or ()
    if columns and len(columns) != shape[0]:
        raise UserError(f"modality {name!r} has {shape[0]} columns, but {len(columns)} names are given for them.")
    if kind == "audio" and not said.rate:
        raise UserError(f"modality {name!r} is sound: say its rate, for example rates={{{name!r}: 16000}}.")
    if (kind == "image" and said.size and shape[1:] != (said.size, said.size)) or (
        kind == "audio" and said.seconds and shape[0] != round(said.seconds * (said.rate or 0))
    ):
        what = f"size {said.size}" if kind == "image" else f"{said.seconds:g} seconds"
        raise UserError(f"modality {name!r} has rows of shape {shape}, not of {what}: arrays are taken as they are.")
    modality = Modality(name, kind, shape, said.unit or "", float(said.rate or 0), columns)
    return Sense(modality, torch.from_numpy(np.ascontiguousarray(shaped)), torch.from_numpy(there))


def text(name: str, rows: Sequence[Any], said: Wish, where: Where) -> Sense:
    """Texts as a modality; None and texts without a character are absent.

    Raises:
        UserError: a row is no text, or none is there.
    """
    found = ["" if is_missing(row) else row for row in rows]
    for number, row in enumerate(found):
        if not isinstance(row, str):
            raise UserError(
                f"modality {name!r}: {where(number)} is of type {type(row).__name__}, but other rows are texts: give "
                "texts, or None where there is none."
            )
    try:
        sizes = np.array([len(row.strip().encode()) and len(row.encode()) for row in found])
    except UnicodeEncodeError as error:
        raise UserError(f"modality {name!r} has a text with half a character in it ({error.reason}).") from error
    if not sizes.any():
        raise UserError(f"modality {name!r} is absent from every row: leave it out.")
    length = said.length or min(int(sizes.max()), LONGEST_TEXT)
    cut, there = int((sizes > length).sum()), int((sizes > 0).sum())
    notes = (f"{name}: {cut} of {there} texts are longer than {length} bytes and are cut",) if cut else ()
    values = spell([row if size else "" for row, size in zip(found, sizes, strict=True)], length)
    return Sense(Modality(name, "text", (length,), said.unit or ""), values, torch.from_numpy(sizes > 0), notes)


def _table(name: str, values: Array, where: Where) -> Array:
    _dimensions(name, "table", values, (0, 1), "its rows are lists of numbers", where)
    return values.reshape(len(values), -1).astype(np.float64)


def _sequence(name: str, values: Array, where: Where) -> Array:
    _dimensions(name, "sequence", values, (1, 2), "its rows are [channels, steps]", where)
    shaped = values.reshape(len(values), -1, values.shape[-1])
    with np.errstate(over="ignore"):
        narrow = shaped.astype(np.float32)
    _bounds(name, narrow, np.isinf, "that does not fit into 32 bits", "scale the values", where)
    return narrow


def _image(name: str, values: Array, where: Where) -> Array:
    _dimensions(name, "image", values, (2, 3), "its rows are [channels, height, width]", where)
    shaped = values[:, None] if values.ndim == 3 else values
    if shaped.shape[1] not in (1, 3) and shaped.shape[3] in (1, 3):
        shaped = np.moveaxis(shaped, 3, 1)
    if shaped.shape[1] > 4:
        raise UserError(
            f"modality {name!r}: its rows have the shape {values.shape[1:]}, which is no picture: give [channels, "
            "height, width], or say of which kind it is."
        )
    if shaped.dtype.kind in "iu":
        if shaped.dtype != np.uint8:
            _bounds(name, shaped, lambda v: (v < 0) | (v > 255), "beyond 0 to 255", "divide integers that far", where)
        return shaped.astype(np.uint8)
    fix = "give integers from 0 to 255, or floats from 0 to 1"
    _bounds(name, shaped, lambda v: (v < 0) | (v > 1), "beyond 0 to 1", fix, where)
    return shaped.astype(np.float32)


def _audio(name: str, values: Array, where: Where) -> Array:
    shaped = values[:, 0] if values.ndim == 3 and values.shape[1] == 1 else values
    _dimensions(name, "audio", shaped, (1,), "its rows are waveforms of one channel, [samples]", where)
    if shaped.dtype == np.int16:
        return shaped.copy()
    if shaped.dtype.kind in "iu":
        raise UserError(f"modality {name!r} is sound of type {shaped.dtype}: give int16, or floats from -1 to 1.")
    _bounds(name, shaped, lambda v: np.abs(v) > 1, "beyond -1 to 1", "divide by full scale", where)
    return shaped.astype(np.float32)


def _dimensions(name: str, kind: Kind, values: Array, fit: tuple[int, ...], form: str, where: Where) -> None:
    if values.ndim - 1 not in fit:
        raise UserError(
            f"modality {name!r}: {where(0)} has the shape {values.shape[1:]}, but of a modality of kind {kind} {form}."
        )


def _bounds(name: str, values: Array, beyond: Any, what: str, fix: str, where: Where) -> None:
    """Name the first row with a value that is beyond bounds."""
    found = beyond(values)
    if found.any():
        row = int(found.reshape(len(found), -1).any(axis=1).argmax())
        value = values[row][found[row]].flat[0]
        raise UserError(f"modality {name!r}: {where(row)} has a value {what} ({value:g}): {fix}.")
