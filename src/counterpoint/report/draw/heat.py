"""A matrix of counts, darker where there are more."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from counterpoint.report import units
from counterpoint.report.draw.canvas import draw, row_space
from counterpoint.report.draw.colours import GRID

TONE = (0.16, 0.47, 0.80)
"""Seen on a light and on a dark page alike; how opaque a cell is says how much is in it."""
NAMED_ROWS, NAMED_COLUMNS, WRITTEN_COLUMNS = 40, 26, 10


def heat(name: str, alt: str, counts: Sequence[Sequence[float]], rows: Sequence[str], columns: Sequence[str]) -> str:
    """A matrix [rows, columns]; counts are written into the cells as long as there is room.

    Args:
        name: of the plot.
        alt: what is to be seen.
        counts: the matrix, nothing below zero.
        rows: names.
        columns: names.
    """
    matrix = np.asarray(counts, dtype=np.float64)
    named = len(rows) <= NAMED_ROWS
    steep = sum(map(len, columns)) > 42 and len(columns) <= NAMED_COLUMNS
    height = steep * 0.08 * max(len(units.short(column, 16)) for column in columns)
    height += 0.2 * len(rows) if named else min(8.0, 0.04 * len(rows))

    def paint(axes: Axes) -> None:
        axes.imshow(_shaded(matrix), aspect="auto", interpolation="none")
        row_space(axes, len(rows))
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(False)
        axes.spines["bottom"].set_color(GRID)
        if named:
            axes.set_yticks(range(len(rows)), [units.short(row, 16) for row in rows])
        else:
            axes.set_ylabel("client")
            axes.yaxis.set_major_locator(MaxNLocator(8, integer=True))
        if len(columns) <= NAMED_COLUMNS:
            axes.set_xticks(range(len(columns)), [units.short(c, 16) for c in columns], rotation=90 if steep else 0)
        else:
            axes.set_xlabel("class")
            axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:.0f}"))
        if named and len(columns) <= WRITTEN_COLUMNS:
            for (i, j), count in np.ndenumerate(matrix):
                axes.text(j, i, f"{count:.0f}", ha="center", va="center", fontsize=8)

    return draw(paint, name, alt, 0.8 + height)


def _shaded(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    alpha = np.where(matrix > 0, 0.08 + 0.62 * matrix / max(matrix.max(initial=0), 1), 0)
    return np.dstack([np.full_like(alpha, tone) for tone in TONE] + [alpha])
