"""Lines whose names stand at their ends, so that many can be told apart."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from counterpoint.report.draw.apart import apart
from counterpoint.report.draw.canvas import draw, ticks
from counterpoint.report.draw.colours import INK, MUTED
from counterpoint.report.draw.lines import Line
from counterpoint.report.units import short

LETTERS = 20
"""Of a name."""
ROW = 12.5
"""Points from name to name."""
AROUND = 52.0
"""Points of the height that are not the axes'."""
SHOWN = 8
"""Markers on a line."""
STEEP = 30.0
"""Where the ends of lines lie further apart than so many times, the axis along which they run is logarithmic."""


@dataclass(frozen=True)
class Along:
    """What lines run along: its name, and how its values are written; rounds, where nothing is said."""

    label: str = "round"
    value: Callable[[float], str] | None = None


def named_lines(
    name: str,
    alt: str,
    drawn: Sequence[Line],
    value: Callable[[float], str],
    *,
    along: Along | None = None,
    bounds: tuple[float, float] | None = None,
) -> str:
    """Lines with their names at the right. A line whose points all lie at 0 is drawn as a level at its last value.

    Args:
        name: of the plot.
        alt: what is to be seen.
        drawn: the lines, none of them empty.
        value: how values are written.
        along: what the lines run along.
        bounds: what no value can lie beyond.
    """
    way = along or Along()
    moving = [line for line in drawn if way.value is None or any(x > 0 for x, _ in line.points)]
    height = max(3.2, (len(drawn) * ROW + AROUND + 8) / 72)
    low, high = _reach(drawn, bounds)

    def paint(axes: Axes) -> None:
        axes.set_ylim(low, high)
        for number, line in enumerate(drawn):
            if line in moving:
                _line(axes, line, number, len(drawn))
            else:
                axes.axhline(line.points[-1][1], color=line.colour, linestyle=":", linewidth=1.3, zorder=1.9)
        axes.margins(x=0.03)
        _scale(axes, way, moving)
        ticks(axes.yaxis, value)
        axes.set_xlabel(way.label)
        _names(axes, drawn, moving, height * 72 - AROUND)

    return draw(paint, name, alt, height)


def _reach(drawn: Sequence[Line], bounds: tuple[float, float] | None) -> tuple[float, float]:
    """What the axis of values shows: all lines with their bands."""
    values = [
        y + sign * w
        for line in drawn
        for (_, y), w in zip(line.points, line.width or [0.0] * len(line.points), strict=True)
        for sign in (-1, 1)
        if math.isfinite(y)
    ] or [0.0, 1.0]
    low, high = min(values), max(values)
    room = 0.05 * (high - low) or 0.1 * abs(low) or 1.0
    if bounds:
        return max(low - room, bounds[0] - 0.02), min(high + room, bounds[1] + 0.02)
    return low - room, high + room


def _line(axes: Axes, line: Line, number: int, of: int) -> None:
    x, y = [p[0] for p in line.points], [p[1] for p in line.points]
    every = max(1, round(len(x) / SHOWN))
    first = (number * every) // max(of, 1) if every > 1 else 0
    marks = [*range(first, len(x) - 1, every), len(x) - 1]
    axes.plot(
        x, y, color=line.colour, linestyle=line.dash, marker=line.marker, markevery=marks, linewidth=1.5, zorder=2.2
    )
    if line.width:
        low, high = ([v + sign * w for v, w in zip(y, line.width, strict=True)] for sign in (-1, 1))
        axes.fill_between(x, low, high, color=line.colour, alpha=0.16 if of < 6 else 0.08, linewidth=0)


def _scale(axes: Axes, way: Along, moving: Sequence[Line]) -> None:
    if way.value is None:
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
        rounds = {x for line in moving for x, _ in line.points}
        if len(rounds) == 1:
            axes.set_xlim(min(rounds) - 1, min(rounds) + 1)
        return
    ends = [line.points[-1][0] for line in moving]
    if ends and max(ends) > STEEP * min(ends):
        write = way.value
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(numticks=6))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: write(v)))
    elif ends:
        axes.set_xlim(left=0)
        ticks(axes.xaxis, way.value, 5)
    else:
        axes.set_xticks([0], [way.value(0)])


def _names(axes: Axes, drawn: Sequence[Line], moving: Sequence[Line], points: float) -> None:
    """Names at the right, each on the height of its line's end as far as there is room, and tied to it."""
    low, high = axes.get_ylim()
    unit = (high - low) / points
    known = [line for line in drawn if math.isfinite(line.points[-1][1])]
    wanted = [line.points[-1][1] for line in known]
    half = ROW * unit / 2
    across = axes.get_yaxis_transform()
    for line, end, place in zip(known, wanted, apart(wanted, ROW * unit, low + half, high - half), strict=True):
        moves = line in moving
        tie = {"arrowstyle": "-", "color": line.colour, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 3, "alpha": 0.5}
        start = (line.points[-1][0], end) if moves else (1.0, end)
        axes.annotate(
            "", start, (1.035, place), xycoords="data" if moves else across, textcoords=across, arrowprops=tie
        )
        dot = line.marker if moves else "_"
        axes.plot([1.05], [place], dot, color=line.colour, markersize=4.5, transform=across, clip_on=False)
        axes.text(1.085, place, short(line.label, LETTERS), transform=across, va="center", fontsize=10, color=INK)
    missing = [line.label for line in drawn if line not in known]
    if missing:
        axes.set_title(f"not finite: {', '.join(short(label, LETTERS) for label in missing)}", fontsize=9, color=MUTED)
