"""How the values of many columns are spread."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from counterpoint.report import units
from counterpoint.report.draw.canvas import draw, row_space, ticks
from counterpoint.report.draw.colours import INK, PAPER, colour

MOST_ROWS = 40
"""More columns are drawn as bands over their numbers."""


@dataclass(frozen=True)
class Spread:
    """One column: its name, and values that 5, 25, 50, 75 and 95 of 100 rows are not above."""

    label: str
    at: tuple[float, float, float, float, float]


def ranges(name: str, alt: str, columns: Sequence[Spread]) -> str:
    """A row a column: a thin bar for nine rows of ten, a thick one for the middle half, a dot for the median.

    Args:
        name: of the plot.
        alt: what is to be seen.
        columns: at least one.
    """
    many = len(columns) > MOST_ROWS
    low, first, middle, third, high = ([c.at[i] for c in columns] for i in range(5))
    places = range(len(columns))

    def rows(axes: Axes) -> None:
        axes.hlines(places, low, high, color=colour(0), linewidth=1.5)
        axes.hlines(places, first, third, color=colour(0), linewidth=6)
        axes.plot(middle, places, "o", color=INK, markerfacecolor=PAPER, markersize=5)
        axes.set_yticks(places, [units.short(column.label) for column in columns])
        row_space(axes, len(columns))
        ticks(axes.xaxis, units.number, 6)

    def bands(axes: Axes) -> None:
        axes.fill_between(places, low, high, color=colour(0), alpha=0.18, linewidth=0, step="mid")
        axes.fill_between(places, first, third, color=colour(0), alpha=0.4, linewidth=0, step="mid")
        axes.plot(places, middle, color=INK, linewidth=1.2, drawstyle="steps-mid")
        axes.margins(x=0)
        axes.set_xlabel("column")
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v + 1:.0f}"))
        ticks(axes.yaxis, units.number)

    return draw(bands if many else rows, name, alt, 3.1 if many else 0.5 + 0.24 * len(columns))
