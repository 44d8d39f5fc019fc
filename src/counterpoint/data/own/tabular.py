"""The table file of a folder: CSV, TSV, JSON lines or Parquet, as columns of cells."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from counterpoint.data.own.rows import is_missing
from counterpoint.errors import UserError

STEM = "data"


@dataclass(frozen=True)
class Table:
    """Cells by column.

    Attributes:
        file: name of the file, for complaints.
        columns: by name, one cell a row: what the file holds, texts without space around them, None where empty.
        lines: of the file, on which rows begin; where None, rows have numbers from 0.
    """

    file: str
    columns: dict[str, list[Any]]
    lines: Sequence[int] | None = None

    def where(self, row: int) -> str:
        """`data.csv line 19`."""
        return f"{self.file} {f'row {row}' if self.lines is None else f'line {self.lines[row]}'}"


def read_table(folder: Path) -> Table:
    """The one table file of a folder.

    Raises:
        UserError: there is none, or more than one, or it cannot be read.
    """
    there = [folder / f"{STEM}{ending}" for ending in READERS if (folder / f"{STEM}{ending}").exists()]
    if len(there) != 1:
        what = " and ".join(path.name for path in there)
        wanted = ", ".join(f"{STEM}{ending}" for ending in READERS)
        raise UserError(
            f"{folder} holds {what}: keep one of them."
            if there
            else f"{folder} has no table of its rows: put one of {wanted} into it."
        )
    path = there[0]
    try:
        table = READERS[path.suffix](path)
    except OSError as error:
        raise UserError(f"cannot read {path} ({error.strerror or error}).") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not in UTF-8 ({error.reason}): save it so.") from error
    if not table.columns or not next(iter(table.columns.values())):
        raise UserError(f"{path} has no rows.")
    return table


def _delimited(path: Path, delimiter: str) -> Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        records = _records(path, csv.reader(file, delimiter=delimiter, strict=True))
        _, header = next(records, (1, []))
        names = [name.strip() for name in header]
        if delimiter == "," and len(names) == 1 and ";" in names[0]:
            raise UserError(f"{path} seems to have semicolons between its columns: write commas.")
        _check_names(path, names)
        lines, rows = [], []
        for line, record in records:
            if len(record) != len(names):
                raise UserError(f"{path.name} line {line} has {len(record)} cells, but there are {len(names)} columns.")
            lines.append(line)
            rows.append(record)
    return Table(path.name, {name: [_cell(row[i]) for row in rows] for i, name in enumerate(names)}, lines)


def _records(path: Path, reader: Any) -> Iterator[tuple[int, list[str]]]:
    """The line on which each record begins, and its cells; empty lines are passed over."""
    line = 1
    while True:
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise UserError(f"{path.name} line {line} cannot be read ({error}).") from error
        if record is None:
            return
        if record:
            yield line, record
        line = reader.line_num + 1


def _json_lines(path: Path) -> Table:
    rows, lines = [], []
    with path.open(encoding="utf-8-sig") as file:
        for line, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                row = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise UserError(f"{path.name} line {line} is no JSON that can be read ({error}).") from error
            if not isinstance(row, dict):
                raise UserError(f'{path.name} line {line} is no JSON object: write {{"label": ..., ...}}.')
            rows.append(row)
            lines.append(line)
    names = list(dict.fromkeys(name for row in rows for name in row))
    _check_names(path, names)
    return Table(path.name, {name: [_cell(row.get(name)) for row in rows] for name in names}, lines)


def _parquet(path: Path) -> Table:
    from pyarrow import ArrowException, parquet

    try:
        with path.open("rb") as file:
            table = parquet.ParquetFile(file).read()
    except ArrowException as error:
        raise UserError(f"{path} is no Parquet file that can be read ({error}).") from error
    _check_names(path, table.column_names)
    cells = {name: [_cell(cell) for cell in table.column(name).to_pylist()] for name in table.column_names}
    return Table(path.name, cells)


READERS: dict[str, Callable[[Path], Table]] = {
    ".csv": lambda path: _delimited(path, ","),
    ".tsv": lambda path: _delimited(path, "\t"),
    ".jsonl": _json_lines,
    ".parquet": _parquet,
}


def _cell(value: Any) -> Any:
    """A cell without the space around it; None where it is empty."""
    if isinstance(value, str):
        return value.strip() or None
    return None if is_missing(value) else value


def _check_names(path: Path, names: Sequence[str]) -> None:
    seen = set()
    for place, name in enumerate(names, 1):
        if not name:
            raise UserError(f"{path.name}: column {place} has no name: name it, or take it out.")
        if name in seen:
            raise UserError(f"{path.name} has two columns {name!r}: rename one, or take it out.")
        seen.add(name)
