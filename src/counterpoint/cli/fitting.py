"""Tables of numbers that are never wider than the terminal."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

GAP = 2
"""Characters that a column takes beside its text."""
EDGE = 1
HEADERS = (40, 28, 20, 14)
"""How wide a column is made for its header's sake, at most; tried in this order."""
NAMES = 18
"""Names of rows are never broken to fewer characters."""


@dataclass(frozen=True)
class Cell:
    """What stands in a cell: parts that are aligned each with those above and below.

    Attributes:
        parts: the first is aligned to the right, others to the left.
        bold: whether it stands out.
    """

    parts: tuple[str, ...]
    bold: bool = False


@dataclass(frozen=True)
class Grid:
    """A table, before it is known how wide it may be.

    Attributes:
        down: what rows are.
        across: what columns are.
        rows: names of rows.
        columns: names of columns.
        cells: by row and column; empty where there is none.
    """

    down: str
    across: str
    rows: Sequence[str]
    columns: Sequence[str]
    cells: Mapping[tuple[str, str], Cell]

    def turned(self) -> "Grid":
        """Rows as columns."""
        cells = {(column, row): cell for (row, column), cell in self.cells.items()}
        return Grid(self.across, self.down, self.columns, self.rows, cells)

    def cut(self, count: int) -> list["Grid"]:
        """So many grids, each with all rows and about as many columns as the others."""
        size = -(-len(self.columns) // count)
        return [replace(self, columns=self.columns[at : at + size]) for at in range(0, len(self.columns), size)]

    def texts(self, column: str) -> list[Text]:
        """A column, aligned."""
        cells = [self.cells.get((row, column), Cell(("",))) for row in self.rows]
        most = max((len(cell.parts) for cell in cells), default=0)
        parts = [(*cell.parts, *[""] * (most - len(cell.parts))) for cell in cells]
        wide = [max(map(len, several)) for several in zip(*parts, strict=True)]
        lines = [
            "".join(p.ljust(w) if at else p.rjust(w) for at, (p, w) in enumerate(zip(each, wide, strict=True)))
            for each in parts
        ]
        return [Text(line, style="bold" if c.bold else "") for line, c in zip(lines, cells, strict=True)]


def show(console: Console, grid: Grid, title: str = "") -> None:
    """Print a grid as a table; where that is too wide, with rows and columns exchanged; else as several tables.

    Args:
        console: to print on.
        grid: what is shown.
        title: above it.
    """
    if title:
        console.print(Text(f" {title}", style="table.title"))
    for part in fitted(grid, console.width):
        console.print(_drawn(part, _widths(part, console.width)))


def fitted(grid: Grid, width: int) -> list[Grid]:
    """The grids that a grid is shown as, so that none is wider than a line has characters.

    A single column stays whole, however narrow the line is.
    """
    whole: list[list[Grid]] = [[grid], [grid.turned()]]
    cut = (grid.cut(count) for count in range(2, len(grid.columns) + 1))
    for parts in (*whole, *cut):
        if all(_widths(part, width) for part in parts):
            return parts
    return grid.cut(len(grid.columns))


def _widths(grid: Grid, width: int) -> list[int]:
    """Of the names of rows, and of each column; none where they do not fit."""
    contents = [max((len(text) for text in grid.texts(column)), default=0) for column in grid.columns]
    for most in HEADERS:
        names = [min(max(most, NAMES), max(map(len, [grid.down, *grid.rows])))]
        columns = [max(content, min(most, len(c))) for content, c in zip(contents, grid.columns, strict=True)]
        if sum(GAP + taken for taken in names + columns) + EDGE <= width:
            return names + columns
    return []


def _drawn(grid: Grid, widths: Sequence[int]) -> Table:
    """Widths are left to the library where there are none."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    sized: Sequence[int | None] = widths or [None] * (1 + len(grid.columns))
    first, *others = sized
    table.add_column(grid.down, width=first, overflow="fold")
    for column, each in zip(grid.columns, others, strict=True):
        table.add_column(broken(column, each), width=each, justify="right", overflow="fold")
    for row, texts in zip(grid.rows, zip(*map(grid.texts, grid.columns), strict=True), strict=True):
        table.add_row(Text(broken(row, first)), *texts)
    return table


def broken(name: str, width: int | None) -> str:
    """A name in lines of at most so many characters, broken after spaces, commas, brackets and plus signs."""
    lines: list[str] = []
    for part in re.findall(r"[^\s,\[+]*[\s,\[+]*", name):
        if lines and (width is None or len(lines[-1]) + len(part.rstrip()) <= width):
            lines[-1] += part
        else:
            lines.append(part)
    return "\n".join(line.rstrip() for line in lines if line)
