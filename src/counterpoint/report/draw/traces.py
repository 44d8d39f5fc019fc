"""Curves over time, a row of axes for each sample."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from counterpoint.report import units
from counterpoint.report.draw.canvas import draw_rows, legend, ticks
from counterpoint.report.draw.colours import colour


@dataclass(frozen=True)
class Panel:
    """One sample: its title, and its values [channels, steps]."""

    title: str
    values: NDArray[np.float64]


def traces(name: str, alt: str, panels: Sequence[Panel], channels: Sequence[str], unit: str, rate: float) -> str:
    """A row a sample, one scale for all; a line a channel.

    Args:
        name: of the plot.
        alt: what is to be seen.
        panels: the samples, all of one shape.
        channels: names of the lines.
        unit: of values, written beside them.
        rate: steps a second; steps are counted where it is 0.
    """
    low = min(float(panel.values.min()) for panel in panels)
    high = max(float(panel.values.max()) for panel in panels)
    room = 0.05 * (high - low) or 1.0

    def paint(rows: Sequence[Axes]) -> None:
        for axes, panel in zip(rows, panels, strict=True):
            time = np.arange(panel.values.shape[1]) / (rate or 1.0)
            for n, values in enumerate(panel.values):
                axes.plot(time, values, color=colour(n), linewidth=1.2, label=units.short(channels[n]))
            axes.set_ylim(low - room, high + room)
            axes.margins(x=0)
            ticks(axes.yaxis, units.number, 4)
            axes.set_ylabel(unit)
            axes.annotate(
                units.short(panel.title, 44), (0, 1), (2, 3), "axes fraction", "offset points", fontsize=10, va="bottom"
            )
        ticks(rows[-1].xaxis, units.number, 6)
        rows[-1].set_xlabel("seconds" if rate else "steps")
        legend(rows[0], above=16)

    return draw_rows(paint, name, alt, 0.8 + 1.2 * len(panels), [1] * len(panels))
