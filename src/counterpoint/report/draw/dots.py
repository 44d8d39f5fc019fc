"""Dots along rows, one row a client: its values, and their means over all rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from counterpoint.report.draw.canvas import draw, legend, row_space, ticks
from counterpoint.report.draw.colours import GRID, INK, MUTED, PAPER, colour, marker
from counterpoint.report.units import short


@dataclass(frozen=True)
class Row:
    """One client: its name, the kind it is of (which decides colour and marker), and its values by series."""

    label: str
    kind: str
    values: Mapping[str, float]


def dots(name: str, alt: str, rows: Sequence[Row], value: Callable[[float], str]) -> str:
    """A row a client. The last series is drawn full, those before it hollow; lines across are means of the series."""
    series, kinds = list(rows[0].values), sorted({row.kind for row in rows}, key=lambda kind: (-kind.count("+"), kind))

    def dot(number: int, label: str, tone: str = "") -> Line2D:
        tone = tone or colour(number)
        inside = tone if label == series[-1] else PAPER
        return Line2D([], [], marker=marker(number), color=tone, markerfacecolor=inside, linestyle="", markersize=6)

    def paint(axes: Axes) -> None:
        for at, row in enumerate(rows):
            axes.plot(list(row.values.values()), [at] * len(series), color=GRID, linewidth=3, zorder=1)
            for label, x in row.values.items():
                drawn = dot(kinds.index(row.kind), label)
                drawn.set_data([x], [at])
                axes.add_line(drawn)
        for label in series:
            mean = sum(row.values[label] for row in rows) / len(rows)
            axes.axvline(mean, color=MUTED, linewidth=1.2, linestyle="-" if label == series[-1] else "--", zorder=0)
        axes.set_yticks(range(len(rows)), [short(row.label, 26) for row in rows])
        row_space(axes, len(rows))
        axes.margins(x=0.08)
        ticks(axes.xaxis, value, 5)
        handles = [dot(n, series[-1]) for n in range(len(kinds))] if len(kinds) > 1 else []
        handles += [dot(0, label, INK) for label in series] if len(series) > 1 else []
        for handle, label in zip(handles, [*(kinds if len(kinds) > 1 else []), *series], strict=False):
            handle.set_label(short(label))
        if handles:
            legend(axes, handles)

    return draw(paint, name, alt, 1.1 + 0.24 * len(rows))
