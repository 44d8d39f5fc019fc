"""Tables with named columns, as the makers of data sets publish them: .csv, or .csv.gz."""

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from counterpoint.errors import UserError


def table(path: Path, columns: Sequence[str], needs: str) -> Iterator[tuple[str, list[str]]]:
    """The rows of a table: where each stands, for complaints, and its cells in the order of `columns`.

    Args:
        path: of the file; one that ends in .gz is unpacked.
        columns: names that the first line must have.
        needs: what the folder must hold, for complaints.

    Raises:
        UserError: the file is missing or damaged, lacks a column, or a row lacks cells.
    """
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file)
            head = next(lines, [])
            if lacking := [column for column in columns if column not in head]:
                raise UserError(f"{path} has no column {lacking[0]!r}: {needs}.")
            places = [head.index(column) for column in columns]
            for row in lines:
                if not row:
                    continue
                where = f"{path}, line {lines.line_num}"
                if len(row) < len(head):
                    raise UserError(f"{where}: {len(row)} fields, where the first line has {len(head)}.")
                yield where, [row[place].strip() for place in places]
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error}): {needs}.") from error


def packed_or_not(folder: Path, name: str) -> Path:
    """The file `name` of a folder, which ends in .gz, or the same without it where that alone is there."""
    packed, unpacked = folder / name, folder / name.removesuffix(".gz")
    return unpacked if unpacked.is_file() and not packed.is_file() else packed
