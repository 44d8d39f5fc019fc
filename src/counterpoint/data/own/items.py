"""Data sets that give one row after another, as columns for `from_arrays`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from counterpoint.data.own.arrays import from_arrays
from counterpoint.data.own.options import Reading
from counterpoint.data.population import Dataset
from counterpoint.errors import unknown

Columns = dict[Any, list[Any]]
"""Values by row, by name or place of a field."""

ROLES = ("client", "unit", "split", "id")


def from_columns(
    columns: Columns, x: Mapping[str, Any], label: Any, roles: Mapping[str, Any], origin: str, reading: Reading
) -> Dataset:
    """A data set out of columns.

    Args:
        columns: that were read.
        x: by modality.
        label: by row.
        roles: for `client`, `unit`, `split` and `id` the name of a column, or values by row, or None.
        origin: for the card.
        reading: options of `from_arrays`.
    """
    by_row = {role: columns[given] if isinstance(given, str) else given for role, given in roles.items()}
    found = from_arrays(x, label, **by_row, **reading)
    return replace(found, card=replace(found.card, origin=origin))


def check_field(what: str, field: Any, known: Any) -> None:
    """Refuse a field that rows do not have.

    Raises:
        UserError: they do not.
    """
    if field not in known:
        raise unknown(what, str(field), map(str, known))
