"""Data of one's own from a folder: a table of rows, and the files that it names."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from counterpoint.data.own.about import Telling
from counterpoint.data.own.assemble import Given, assemble
from counterpoint.data.own.plan import ROLES, Part, number, planned
from counterpoint.data.own.tabular import READERS, STEM, Table, read_table
from counterpoint.data.own.wording import FILE, read_wording
from counterpoint.data.population import Dataset
from counterpoint.errors import UserError


def load_folder(path: str | Path, among: Sequence[str] | None = None) -> Dataset:
    """A data set out of a folder with `data.csv` (or `.tsv`, `.jsonl`, `.parquet`) and the files that it names.

    A row of the table is a sample. These columns say something of it:

    | column | meaning |
    | --- | --- |
    | `label` | name of a class, or a whole number; must be there |
    | `id` | checked to come once |
    | `client` | who owns the row; where there is no such column, one owner has all |
    | `unit` | the natural unit that must never be split, such as a patient; else each row is one |
    | `split` | `train`, `test` (of the row's client) or `global` (the server's test); see `from_arrays` |

    Any other column is a modality of its name, or part of one:

    | its cells | kind |
    | --- | --- |
    | names of .png .jpg .jpeg .webp .bmp files | `image` |
    | names of .wav .flac .ogg .mp3 files | `audio` |
    | names of .npy files, or lists of numbers (JSON lines, Parquet) | by shape, see `from_arrays` |
    | numbers | `table`; columns `vitals.pulse` and `vitals.pressure` together are the table `vitals` |
    | anything else | `text` |

    An empty cell means that the row lacks the modality, or the table the value. Files lie in the folder. A file
    `data.toml` in it may say `name`, `title`, `licence`, `classes`, `ignore` (columns), `standardise`, `test_share`,
    and of modalities what should be otherwise:

        [modalities.scan]
        size = 96                       # pixels a side
        [modalities.voice]
        rate = 16000                    # samples a second
        seconds = 2.0
        [modalities.note]
        kind = "text"
        length = 128                    # bytes
        [modalities.labs]
        columns = ["sodium", "glucose"] # of the table

    Args:
        path: of the folder.
        among: classes of which labels that are names may be, some of them once or not at all; where labels are numbers,
            or `data.toml` says what the classes are, it changes nothing.

    Raises:
        UserError: something in it is wrong; the sentence names the file, and the line or row. Nothing is returned then.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}." if not folder.exists() else f"{folder} is no folder.")
    for name in (FILE, *(f"{STEM}{ending}" for ending in READERS)):
        if (folder / name).is_symlink():
            _inside(folder, folder.resolve(), name, str(folder / name))
    wording, table = read_wording(folder), read_table(folder)
    if "label" not in table.columns:
        raise UserError(f"{folder / table.file} has no column 'label': add one with the class of each row.")
    parts = planned(table, wording)
    roles: dict[str, Any] = {
        role: table.columns[role] for role in ROLES if role in table.columns and role not in wording.ignore
    }
    options: dict[str, Any] = dict(wording.options)
    telling = {what: options.pop(what) for what in ("name", "title", "licence") if what in options}
    roles["label"] = _labels(roles["label"], options.get("classes"))
    if among is not None and any(isinstance(label, str) for label in roles["label"]):
        options.setdefault("classes", list(among))
    told = Telling(_origin(table, parts), **{"name": folder.resolve().name, **telling})
    given = Given(**roles, **options, telling=told)
    x = {name: _values(folder, table, part) for name, part in parts.items()}
    return assemble(x, {name: part.said for name, part in parts.items()}, given, table.where)


def _origin(table: Table, parts: Mapping[str, Part]) -> str:
    named = [part.columns[0] for part in parts.values() if part.content == "files"]
    files = {cell for column in named for cell in table.columns[column] if cell is not None}
    return f"read from a folder: {table.file}" + (f" and {len(files)} files that it names" if files else "")


def _values(folder: Path, table: Table, part: Part) -> Any:
    """A modality as `sense` takes it."""
    cells = [table.columns[column] for column in part.columns]
    if part.content == "numbers":
        found = [[math.nan if cell is None else number(cell) for cell in column] for column in cells]
        return np.array(found, dtype=np.float64).T
    if part.content == "files":
        root = folder.resolve()
        return [cell and _inside(folder, root, cell, table.where(row)) for row, cell in enumerate(cells[0])]
    return cells[0]


def _inside(folder: Path, root: Path, name: str, where: str) -> Path:
    """The path of a file in the folder.

    Args:
        folder: as it was given.
        root: the same without links.
        name: of the file, relative to it.
        where: the name stands.

    Raises:
        UserError: there is none of this name, or the name or a link leads out of the folder.
    """
    path = folder / name
    try:
        inside = path.resolve().is_relative_to(root) and ".." not in Path(name).parts
        there = path.is_file()
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(f"{where}: {name!r} is no name of a file ({error}).") from error
    if Path(name).is_absolute() or not inside:
        raise UserError(f"{where}: {name!r} lies outside of the folder: give names of files relative to it.")
    if not there:
        raise UserError(f"{where}: there is no file {name!r} in {folder}.")
    return path


def _labels(cells: list[Any], classes: list[str] | None) -> list[Any]:
    """Labels, as numbers if all of them are and no class is called so."""
    numbers = [number(cell) if isinstance(cell, str) else cell for cell in cells]
    named = classes is not None and all(cell is None or str(cell) in classes for cell in cells)
    if named or any(value is None and cell is not None for value, cell in zip(numbers, cells, strict=True)):
        return [cell if cell is None else str(cell) for cell in cells]
    return numbers
