"""Lines over rounds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from counterpoint.report.draw.canvas import draw, legend, ticks
from counterpoint.report.draw.colours import INK
from counterpoint.report.units import short

MARKED = 25
"""Lines of up to so many points show each of them."""


@dataclass(frozen=True)
class Line:
    """One line, with a band of this half width around it, or from the lowest to the highest value, if any."""

    label: str
    points: Sequence[tuple[float, float]]
    colour: str = INK
    dash: str = "-"
    marker: str = "o"
    width: Sequence[float] = ()
    band: Sequence[tuple[float, float]] = ()


def lines(
    name: str,
    alt: str,
    drawn: Sequence[Line],
    value: Callable[[float], str],
    *,
    bounds: tuple[float, float] | None = None,
    from_zero: bool = False,
    decades: bool = False,
) -> str:
    """Lines over rounds.

    Args:
        name: of the plot.
        alt: what is to be seen.
        drawn: the lines.
        value: how values are written.
        bounds: what no value can lie beyond.
        from_zero: whether the axis of values begins there.
        decades: whether the axis of values is logarithmic; values at 0 and below are then not drawn.
    """
    labels = [short(line.label) for line in drawn]
    rounds = {number for line in drawn for number, _ in line.points}

    def paint(axes: Axes) -> None:
        for line, label in zip(drawn, labels, strict=True):
            _line(axes, line, label)
        if from_zero:
            axes.set_ylim(bottom=0)
        if bounds:
            low, high = axes.get_ylim()
            axes.set_ylim(max(low, bounds[0] - 0.02), min(high, bounds[1] + 0.02))
        axes.margins(x=0.03)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
        if len(rounds) == 1:
            axes.set_xlim(min(rounds) - 1, min(rounds) + 1)
        if decades:
            axes.set_yscale("log", nonpositive="mask")
            axes.yaxis.set_major_locator(LogLocator(numticks=6))
            axes.yaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: value(v)))
        else:
            ticks(axes.yaxis, value)
        axes.set_xlabel("round")
        legend(axes)

    return draw(paint, name, alt, 3.3)


def _line(axes: Axes, line: Line, label: str) -> None:
    x, y = [p[0] for p in line.points], [p[1] for p in line.points]
    shown = line.marker if len(x) <= MARKED else ""
    depth = 2.2 + (line.dash != "-") * 0.1 + (len(x) == 1) * 0.2  # what hides less goes on top
    axes.plot(x, y, color=line.colour, linestyle=line.dash, marker=shown, label=label, zorder=depth)
    if line.width or line.band:
        low, high = zip(*line.band, strict=True) if line.band else _around(y, line.width)
        axes.fill_between(x, low, high, color=line.colour, alpha=0.14, linewidth=0)


def _around(values: Sequence[float], width: Sequence[float]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(v + sign * w for v, w in zip(values, width, strict=True)) for sign in (-1, 1))
