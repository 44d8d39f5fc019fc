"""How many values of a row are spread: all of them, and the worst."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from counterpoint.report.draw.canvas import draw, row_space, ticks
from counterpoint.report.draw.colours import INK, PAPER, Look

MOST_TICKS = 80
"""Rows with more values show their quantiles alone."""


@dataclass(frozen=True)
class Crowd:
    """One row: its values, and the worst of them."""

    values: Sequence[float]
    worst: float
    look: Look


def crowd(name: str, alt: str, rows: Sequence[Crowd], value: Callable[[float], str]) -> str:
    """A row a crowd: a tick for each value, a bar for the middle half, a ring for the median, a cross for the worst.

    Args:
        name: of the plot.
        alt: what is to be seen.
        rows: at least one, none of them empty.
        value: how values are written.
    """

    def paint(axes: Axes) -> None:
        for at, row in enumerate(rows):
            low, first, middle, third, high = np.percentile(row.values, [5, 25, 50, 75, 95]).tolist()
            axes.plot([low, high], [at, at], color=row.look.colour, linewidth=1.4, zorder=2)
            axes.plot([first, third], [at, at], color=row.look.colour, linewidth=7, alpha=0.45, zorder=2)
            if len(row.values) <= MOST_TICKS:
                x = [v for one in sorted(row.values) for v in (one, one, math.nan)]
                y = [at - 0.22, at + 0.22, math.nan] * len(row.values)
                axes.plot(x, y, color=row.look.colour, linewidth=1.1, zorder=3)
            axes.plot([middle], [at], "o", color=INK, markerfacecolor=PAPER, markersize=5, zorder=4)
            axes.plot([row.worst], [at], "X", color=INK, markersize=6.5, markeredgecolor=PAPER, zorder=5)
            axes.annotate(
                value(row.worst), (1, at), (4, 0), axes.get_yaxis_transform(), "offset points", va="center", fontsize=9
            )
        axes.set_yticks(range(len(rows)), [row.look.name for row in rows])
        row_space(axes, len(rows))
        axes.margins(x=0.04)
        ticks(axes.xaxis, value, 5)
        axes.annotate("worst", (1, 1), (4, 2), "axes fraction", "offset points", va="bottom", fontsize=9)

    return draw(paint, name, alt, 0.75 + 0.29 * len(rows))
