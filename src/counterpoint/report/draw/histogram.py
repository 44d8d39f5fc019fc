"""How many have which value."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from counterpoint.report.draw.canvas import draw, legend, ticks
from counterpoint.report.draw.colours import MUTED, colour
from counterpoint.report.units import short

BINS = 20


def histogram(
    name: str, alt: str, series: Mapping[str, Sequence[float]], value: Callable[[float], str], what: str = "clients"
) -> str:
    """Steps, one line a series, over common bins, with the mean of each series.

    Args:
        name: of the plot.
        alt: what is to be seen.
        series: the values.
        value: how values are written.
        what: what is counted.
    """
    every = [v for values in series.values() for v in values]
    low, high = min(every), max(every)
    room = 0.0 if high - low > 0.01 * abs(high) else 0.1 * abs(high) or 1.0
    edges = np.linspace(low - room, high + room, BINS + 1)

    def paint(axes: Axes) -> None:
        for n, (label, values) in enumerate(series.items()):
            counts, _ = np.histogram(values, edges)
            dash = "-" if n == len(series) - 1 else "--"
            axes.stairs(counts, edges, color=colour(n), fill=True, alpha=0.18, linewidth=0)
            axes.stairs(counts, edges, color=colour(n), label=short(label), linestyle=dash, linewidth=1.6)
            axes.axvline(float(np.mean(values)), color=colour(n), linewidth=1.2, linestyle=dash)
        axes.set_ylim(bottom=0)
        axes.set_ylabel(what)
        axes.spines["bottom"].set_color(MUTED)
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        ticks(axes.xaxis, value, 5)
        legend(axes)

    return draw(paint, name, alt, 3.1)
