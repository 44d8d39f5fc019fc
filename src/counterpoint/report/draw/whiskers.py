"""Bars with their spread, in groups below each other; a name beside every bar."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from counterpoint.report.draw.canvas import draw, legend, row_space, ticks
from counterpoint.report.draw.colours import INK, MUTED, Look
from counterpoint.report.units import short

ROW = 0.195
"""Inches a bar."""
BETWEEN = 1.25
"""Rows that the heading of a group takes."""


class Bar(NamedTuple):
    """A mean, and the standard deviation about it; None where it is not known."""

    mean: float
    std: float | None


Groups = Mapping[str, Mapping[str, Bar]]
"""Bars by name, by group."""


def whiskers(
    name: str,
    alt: str,
    groups: Groups,
    looks: Mapping[str, Look],
    value: Callable[[float], str],
    most: float | None = None,
) -> str:
    """A bar a name in every group, with a line as far as the standard deviation reaches to both sides.

    Args:
        name: of the plot.
        alt: what is to be seen.
        groups: bars by name, by group.
        looks: by name.
        value: how values are written.
        most: the largest value that the axis shows.
    """
    count = sum(len(bars) for bars in groups.values())
    rows = count + BETWEEN * len(groups)

    def paint(axes: Axes) -> None:
        at, places, names = 0.0, [], []
        for title, bars in groups.items():
            at += BETWEEN
            axes.annotate(
                short(title, 44),
                (0, at - 0.5),
                (2, 0),
                "data",
                "offset points",
                va="bottom",
                fontsize=10.5,
                color=MUTED,
            )
            for label, (mean, std) in bars.items():
                axes.barh(at, mean, 0.8, color=looks[label].colour, alpha=0.8)
                spread = std or 0.0
                if spread:
                    axes.plot([mean - spread, mean + spread], [at, at], color=INK, linewidth=1.1)
                end = max(mean, mean + spread)
                axes.annotate(
                    value(mean), (end, at), (3, 0), "data", "offset points", va="center", fontsize=9.5, color=INK
                )
                places.append(at)
                names.append(looks[label].name)
                at += 1
        axes.set_yticks(places, names, fontsize=10)
        axes.set_ylim(at - 0.3, -0.1)
        axes.grid(False, axis="y")
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.spines["left"].set_visible(False)
        high = max((mean + (std or 0) for bars in groups.values() for mean, std in bars.values()), default=0)
        low = min((mean for bars in groups.values() for mean, _ in bars.values()), default=0)
        axes.set_xlim(min(0, 1.2 * low), 1.16 * min(high, most) if most else 1.2 * high or 1)
        ticks(axes.xaxis, value, 5)

    return draw(paint, name, alt, 0.5 + ROW * rows)


def spots(
    name: str,
    alt: str,
    groups: Groups,
    looks: Mapping[str, Look],
    value: Callable[[float], str],
    most: float | None = None,
) -> str:
    """The same where bars would be too many: a row a group, a dot a name, one above the other as in the legend.

    Args:
        name: of the plot.
        alt: what is to be seen.
        groups: bars by name, by group.
        looks: by name.
        value: how values are written.
        most: the largest value that the axis shows.
    """
    names = list(dict.fromkeys(label for bars in groups.values() for label in bars))
    step = 0.76 / max(len(names) - 1, 1)

    def paint(axes: Axes) -> None:
        for row, bars in enumerate(groups.values()):
            axes.axhspan(row - 0.45, row + 0.45, color=MUTED, alpha=0.07 * (row % 2), linewidth=0)
            for label, (mean, std) in bars.items():
                at, look = row - 0.38 + step * names.index(label), looks[label]
                if std:
                    axes.plot([mean - std, mean + std], [at, at], color=look.colour, linewidth=0.9)
                axes.plot([mean], [at], look.marker, color=look.colour, markersize=4)
        axes.set_yticks(range(len(groups)), [short(title, 20) for title in groups], fontsize=9)
        row_space(axes, len(groups))
        axes.set_ylim(len(groups) - 0.5, -0.5)
        low, high = axes.get_xlim()
        axes.set_xlim(low, min(high, most + 0.02) if most else high)
        ticks(axes.xaxis, value, 5)
        marks = [
            Line2D([], [], marker=looks[n].marker, color=looks[n].colour, linestyle="", label=looks[n].name)
            for n in names
        ]
        legend(axes, marks)

    return draw(paint, name, alt, 1.0 + 0.09 * len(names) + len(groups) * max(0.26, 0.075 * len(names)))
