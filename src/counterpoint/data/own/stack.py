"""Rows of numbers in one array, and which of them are there."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from counterpoint.data.own.rows import Array, Where, is_missing
from counterpoint.errors import UserError


def stacked(name: str, rows: Array | Sequence[Any], where: Where) -> tuple[Array, NDArray[np.bool_]]:
    """All rows in one array, and which are there.

    A row that is None, or has nothing but NaN, is not there; it holds zeros. Truth values become 0.0 and 1.0.

    Args:
        name: of the modality.
        rows: an array [rows, *shape], or a row each of one shape, or None.
        where: a row is.

    Returns:
        Numbers [rows, *shape], NaN only where a row has other values too; and bool [rows].

    Raises:
        UserError: rows differ in shape, are no numbers, are infinite, or none is there.
    """
    values, there = (rows, np.ones(len(rows), bool)) if isinstance(rows, np.ndarray) else _joined(name, rows, where)
    if values.dtype.kind == "b":
        values = values.astype(np.float32)
    if values.dtype.kind not in "iuf":
        raise UserError(f"modality {name!r} holds values of type {values.dtype}: give numbers.")
    if not there.any():
        raise _nowhere(name)
    if 0 in values.shape[1:]:
        raise UserError(f"modality {name!r}: its rows have the shape {values.shape[1:]}, which is empty: leave it out.")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        values, there = _without_gaps(name, values, there, where)
    return values, there


def _joined(name: str, rows: Sequence[Any], where: Where) -> tuple[Array, NDArray[np.bool_]]:
    there = np.array([not is_missing(row) for row in rows], dtype=bool)
    arrays = {row: _array(name, rows[row], where(row)) for row in there.nonzero()[0].tolist()}
    if not arrays:
        raise _nowhere(name)
    first, shape = next((row, array.shape) for row, array in arrays.items())
    for row, array in arrays.items():
        if array.shape != shape:
            raise UserError(
                f"modality {name!r}: {where(row)} has the shape {array.shape}, {where(first)} has {shape}: make all "
                "rows of one shape (cut them, or fill them up)."
            )
    values = np.zeros((len(rows), *shape), np.result_type(*{array.dtype for array in arrays.values()}))
    for row, array in arrays.items():
        values[row] = array
    return values, there


def _array(name: str, row: Any, where: str) -> Array:
    try:
        array = np.asarray(row.detach().cpu() if isinstance(row, Tensor) else row)
        array = array.astype(np.float64) if array.dtype.kind == "O" else array
    except (TypeError, ValueError) as error:
        raise UserError(f"modality {name!r}: {where} cannot be read as numbers ({error}).") from error
    if array.dtype.kind not in "biuf":
        raise UserError(f"modality {name!r}: {where} holds a {type(row).__name__}, not numbers.")
    return array


def _without_gaps(name: str, values: Array, there: NDArray[np.bool_], where: Where) -> tuple[Array, NDArray[np.bool_]]:
    flat = values.reshape(len(values), -1)
    infinite = np.isinf(flat).any(axis=1)
    if infinite.any():
        raise UserError(f"modality {name!r}: {where(int(infinite.argmax()))} has an infinite value: take it out.")
    there = there & ~np.isnan(flat).all(axis=1)
    if not there.any():
        raise _nowhere(name)
    values = values.copy()
    values[~there] = 0
    return values, there


def _nowhere(name: str) -> UserError:
    return UserError(f"modality {name!r} is absent from every row: leave it out.")
