"""One modality out of what was given for it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from counterpoint.data.own.groups import check_length
from counterpoint.data.own.kinds import Sense, guessed, numeric, text
from counterpoint.data.own.media import opened
from counterpoint.data.own.rows import Array, Where, as_rows, is_missing
from counterpoint.data.own.stack import stacked
from counterpoint.data.own.wishes import Wish, check_fit
from counterpoint.errors import UserError


def sense(name: str, given: object, said: Wish, rows: int, where: Where) -> Sense:
    """One modality: its kind, its values, and where it is present.

    Args:
        name: of the modality.
        given: an array or tensor [rows, *shape], or a list of what a row holds; see `from_arrays`.
        said: of the modality.
        rows: how many there must be.
        where: a row is.

    Raises:
        UserError: the values are of no kind, of another one than is said, or damaged.
    """
    found = as_rows(f"modality {name!r}", given)
    check_length(f"modality {name!r}", len(found), rows)
    if (
        said.columns is None
        and (columns := getattr(given, "columns", None)) is not None
        and said.kind in (None, "table")
    ):
        said = replace(said, columns=tuple(str(column) for column in columns))
    notes: tuple[str, ...] = ()
    if isinstance(found, list):
        if _has_text(found):
            return _text(name, found, said, where)
        found, said, notes = opened(name, found, said, where)
    if said.kind == "text":
        raise UserError(f"modality {name!r} is said to be text, but no row of it is one.")
    return _numeric(name, found, said, where, notes)


def _has_text(rows: Sequence[Any]) -> bool:
    return isinstance(next((row for row in rows if not is_missing(row)), None), str)


def _text(name: str, rows: Sequence[Any], said: Wish, where: Where) -> Sense:
    if said.kind not in (None, "text"):
        raise UserError(f"modality {name!r} is said to be of kind {said.kind}, but its rows are texts.")
    check_fit(name, "text", said)
    return text(name, rows, said, where)


def _numeric(name: str, rows: Array | list[Any], said: Wish, where: Where, notes: tuple[str, ...]) -> Sense:
    values, there = stacked(name, rows, where)
    kind = said.kind or guessed(name, values)
    check_fit(name, kind, said)
    found = numeric(name, kind, values, np.asarray(there), said, where)
    return found._replace(notes=found.notes + notes)
