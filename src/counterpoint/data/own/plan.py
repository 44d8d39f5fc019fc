"""Which columns of a table make which modality, and of what kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Literal

from counterpoint.data.own.media import ENDINGS
from counterpoint.data.own.tabular import Table
from counterpoint.data.own.wishes import Wish, check_name
from counterpoint.data.own.wording import Wording
from counterpoint.errors import UserError, unknown

ROLES = ("label", "id", "client", "unit", "split")
"""Columns that are no modality."""

Content = Literal["numbers", "texts", "files", "arrays"]


@dataclass(frozen=True)
class Part:
    """A modality to be.

    Attributes:
        columns: of the table, at least one.
        content: of their cells; several columns hold numbers.
        said: of the modality.
    """

    columns: tuple[str, ...]
    content: Content
    said: Wish


def planned(table: Table, wording: Wording) -> dict[str, Part]:
    """The modalities of a table, by name.

    Raises:
        UserError: a column is not there, cannot name a modality, is empty, or holds cells of different sorts.
    """
    for column in wording.ignore:
        _check_column(table, column)
        if column == "label":
            raise UserError("data.toml ignores 'label', which is needed.")
    groups = _grouped(table, wording)
    for name in wording.modalities:
        if name not in groups:
            raise unknown(f"modality in {table.file}", name, groups)
    parts = {
        name: _part(table, name, columns, wording.modalities.get(name, Wish())) for name, columns in groups.items()
    }
    if not parts:
        raise UserError(f"{table.file} has no column for a modality: add one beside {', '.join(ROLES)}.")
    return parts


def _grouped(table: Table, wording: Wording) -> dict[str, list[str]]:
    """Columns by modality: those that `data.toml` lists, and `vitals.pulse` with `vitals.pressure`."""
    groups: dict[str, list[str]] = {}
    claimed: dict[str, str] = {}
    for name, said in wording.modalities.items():
        for column in said.columns or ():
            dotted = f"{name}.{column}"
            column = dotted if column not in table.columns and dotted in table.columns else column  # noqa: PLW2901
            _check_column(table, column)
            if column in ROLES or column in wording.ignore or claimed.setdefault(column, name) != name:
                raise UserError(f"data.toml gives column {column!r} to {name!r}, but it has another use already.")
            groups.setdefault(name, []).append(column)
    listed = set(groups)
    for column in table.columns:
        if column in ROLES or column in wording.ignore or column in claimed:
            continue
        name = column.partition(".")[0]
        check_name(name)
        if name in listed:
            raise UserError(f"data.toml lists the columns of modality {name!r} without {column!r}: list or ignore it.")
        groups.setdefault(name, []).append(column)
    for name, columns in groups.items():
        dotted = next((column for column in columns if column != name), name)
        if name not in listed and name in columns and len(columns) > 1:
            raise UserError(f"{table.file} has the columns {name!r} and {dotted!r}: rename one of them.")
    return groups


def _part(table: Table, name: str, columns: Sequence[str], said: Wish) -> Part:
    several = len(columns) > 1 or columns[0] != name or said.columns is not None
    if several and said.kind in (None, "table"):
        for column in columns:
            if (content := _content(table, column, "table")) != "numbers":
                raise UserError(
                    f"column {column!r} of {table.file} holds {content}, but {name!r} is a table of numbers."
                )
        short = tuple(column.removeprefix(f"{name}.") for column in columns)
        return Part(tuple(columns), "numbers", replace(said, kind="table", columns=short))
    if len(columns) > 1:
        raise UserError(f"modality {name!r} has {len(columns)} columns, so its kind must be table, not {said.kind}.")
    content = _content(table, columns[0], said.kind)
    named = replace(said, columns=(columns[0],) if content == "numbers" else None)
    return Part(tuple(columns), content, named)


def _content(table: Table, column: str, wanted: str | None) -> Content:
    """What the cells of a column are. What half of them are, all must be."""
    cells = {row: cell for row, cell in enumerate(table.columns[column]) if cell is not None}
    if not cells:
        raise UserError(f"column {column!r} of {table.file} is empty: take it out, or ignore it in data.toml.")
    if wanted == "text":
        return _all(table, column, cells, {row: isinstance(cell, str) for row, cell in cells.items()}, "texts")
    tests: dict[Content, dict[int, bool]] = {
        "files": {row: is_file(cell) for row, cell in cells.items()},
        "numbers": {row: number(cell) is not None for row, cell in cells.items()},
        "arrays": {row: isinstance(cell, list) for row, cell in cells.items()},
    }
    if wanted is not None and not any(tests["arrays"].values()):
        must: Content = "numbers" if wanted == "table" else "files"
        return _all(table, column, cells, tests[must], must)
    for content, found in tests.items():
        if 2 * sum(found.values()) >= len(found):
            return _all(table, column, cells, found, content)
    return _all(table, column, cells, {row: isinstance(cell, str) for row, cell in cells.items()}, "texts")


def _all(table: Table, column: str, cells: Mapping[int, Any], fits: Mapping[int, bool], content: Content) -> Content:
    for row, fit in fits.items():
        if not fit:
            called = {
                "numbers": "is no number: leave the cell empty if the value is missing",
                "files": f"is no name of a file with one of the endings {', '.join(ENDINGS)}",
                "arrays": "is no list of numbers",
                "texts": "is no text",
            }[content]
            raise UserError(
                f"{table.where(row)}: {cells[row]!r} in column {column!r} {called}, or say in data.toml of what kind "
                "the modality is."
            )
    return content


def is_file(cell: Any) -> bool:
    """Whether a cell ends as names of pictures, recordings and arrays do."""
    return isinstance(cell, str) and "\n" not in cell and PurePath(cell).suffix.lower() in ENDINGS


def number(cell: Any) -> float | None:
    """The number in a cell, NaN if that is what it says; None where it holds none."""
    if not isinstance(cell, str | int | float) or (isinstance(cell, str) and "_" in cell):
        return None
    try:
        return float(cell)
    except (ValueError, OverflowError):
        return None


def _check_column(table: Table, column: str) -> None:
    if column not in table.columns:
        raise unknown(f"column of {table.file} in data.toml", column, table.columns)
