"""Rows as they are given: lists, arrays, tensors, and what of them is missing."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from counterpoint.errors import UserError

Array = NDArray[Any]
Where = Callable[[int], str]
"""Tells people which row one is, for example `row 17` or `data.csv line 19`."""


def by_number(row: int) -> str:
    """`row 17`; rows are counted from 0."""
    return f"row {row}"


def is_missing(value: object) -> bool:
    """Whether a value stands for nothing: None, a single NaN, or pandas' own mark."""
    return value is None or (isinstance(value, float) and math.isnan(value)) or type(value).__name__ == "NAType"


def as_rows(what: str, values: object) -> Array | list[Any]:
    """Numbers as an array [rows, ...]; anything else as a list of rows.

    Args:
        what: the values are, for complaints.
        values: an array, a tensor, what has `to_numpy` (a pandas object), or any other iterable.

    Raises:
        UserError: it is none of these.
    """
    if isinstance(values, Tensor):
        dense = values.detach().cpu().to_dense() if values.layout != torch.strided else values.detach().cpu()
        values = (dense.float() if dense.is_floating_point() and dense.itemsize < 4 else dense).numpy()
    elif callable(convert := getattr(values, "to_numpy", None)):
        values = convert()
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(values.astype(np.float64), np.nan)
    if isinstance(values, np.ndarray):
        if values.ndim == 0:
            raise UserError(f"{what} is a single value: give one value a row.")
        if values.dtype.kind in "mM":
            raise UserError(f"{what} holds dates or times: give numbers.")
        return values if values.dtype.kind in "biuf" else list(values.tolist())
    if isinstance(values, str | bytes | dict) or not isinstance(values, Iterable):
        raise UserError(f"{what} is {_named(values)}: give an array, a tensor or a list with one entry a row.")
    return list(values)


def as_plain(what: str, values: object) -> list[Any]:
    """One plain value a row: a number, a text, or None.

    Raises:
        UserError: there is more than one a row.
    """
    found = as_rows(what, values)
    if isinstance(found, np.ndarray):
        if found.ndim != 1:
            raise UserError(f"{what} has the shape {found.shape}: give one value a row.")
        return list(found.tolist())
    return [value.item() if isinstance(value, np.generic | Tensor) and value.ndim == 0 else value for value in found]


def _named(value: object) -> str:
    return f"of type {type(value).__name__}"
