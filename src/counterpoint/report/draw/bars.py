"""Bars along rows: beside each other, or stacked."""

from collections.abc import Callable, Mapping

from matplotlib.axes import Axes

from counterpoint.report.draw.canvas import draw, legend, row_space, ticks
from counterpoint.report.draw.colours import INK, colour
from counterpoint.report.units import short

Rows = Mapping[str, Mapping[str, float]]
"""Values by row, then by series. Every row has every series."""


def _axis(axes: Axes, rows: Rows, value: Callable[[float], str], most: float | None) -> None:
    axes.set_yticks(range(len(rows)), [short(row) for row in rows])
    row_space(axes, len(rows))
    axes.set_xlim(0, most)
    ticks(axes.xaxis, value, 5)


def grouped(
    name: str, alt: str, rows: Rows, value: Callable[[float], str], most: float | None = None, unit: float = 0.2
) -> str:
    """A bar a series in each row, its value written at its end.

    Args:
        name: of the plot.
        alt: what is to be seen.
        rows: what is drawn.
        value: how values are written.
        most: the largest value that the axis shows.
        unit: height of a bar in inches.
    """
    series = list(next(iter(rows.values()), {}))
    thick = 0.8 / max(len(series), 1)

    def paint(axes: Axes) -> None:
        for n, label in enumerate(series):
            at = [row + (n - (len(series) - 1) / 2) * thick for row in range(len(rows))]
            drawn = axes.barh(at, [v[label] for v in rows.values()], thick * 0.86, color=colour(n), label=short(label))
            axes.bar_label(drawn, [value(v[label]) for v in rows.values()], padding=3, fontsize=9, color=INK)
        _axis(axes, rows, value, most)
        if most is None:
            axes.set_xlim(0, 1.2 * max((v for row in rows.values() for v in row.values()), default=0) or 1)
        legend(axes)
        if len(series) > 2 and (shown := axes.get_legend()):  # flush right: beside long names of rows it needs the room
            shown.set_loc("lower right")
            shown.set_bbox_to_anchor((1, 1.01), axes.transAxes)

    return draw(paint, name, alt, 0.9 + len(rows) * (len(series) * unit + 0.1))


def stacked(name: str, alt: str, rows: Rows, value: Callable[[float], str], unit: float = 0.3) -> str:
    """One bar a row, made of its series.

    Args:
        name: of the plot.
        alt: what is to be seen.
        rows: what is drawn.
        value: how values are written.
        unit: height of a row in inches.
    """
    series = list(next(iter(rows.values()), {}))

    def paint(axes: Axes) -> None:
        left = [0.0] * len(rows)
        for n, label in enumerate(series):
            widths = [row[label] for row in rows.values()]
            axes.barh(range(len(rows)), widths, 0.7, left=left, color=colour(n), label=short(label))
            left = [a + b for a, b in zip(left, widths, strict=True)]
        _axis(axes, rows, value, 1.04 * max(left, default=0) or 1)
        legend(axes)

    return draw(paint, name, alt, 0.9 + len(rows) * unit + 0.2 * (len(series) > 4))
