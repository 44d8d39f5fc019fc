"""A sum drawn as steps: where it starts, what each part adds or takes, where it ends."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from matplotlib.axes import Axes

from counterpoint.report.draw.canvas import draw, row_space, ticks
from counterpoint.report.draw.colours import INK, MUTED
from counterpoint.report.units import short


def steps(
    name: str,
    alt: str,
    start: tuple[str, float],
    parts: Mapping[str, float],
    end: str,
    value: Callable[[float], str],
    gap: Callable[[float], str],
    colours: Sequence[str],
) -> str:
    """A row for the start, one for each part, beginning where the last one ended, and one for the sum.

    Args:
        name: of the plot.
        alt: what is to be seen.
        start: what it is, and its value.
        parts: what is added, below zero where it is taken away; in order.
        end: what the sum is.
        value: how start and sum are written.
        gap: how parts are written, with their sign.
        colours: one a part.
    """
    (first, low), heights = start, list(parts.values())
    levels = [low]
    for height in heights:
        levels.append(levels[-1] + height)
    rows = [first, *parts, end]

    def paint(axes: Axes) -> None:
        axes.barh([0, len(rows) - 1], [low, levels[-1]], 0.6, color=MUTED)
        for n, (height, shade) in enumerate(zip(heights, colours, strict=True)):
            axes.barh(n + 1, height, 0.6, left=levels[n], color=shade)
        for n, level in enumerate(levels):
            axes.plot([level, level], [n - 0.3, n + 1.3], color=MUTED, linewidth=0.8)
        texts = [value(low), *map(gap, heights), value(levels[-1])]
        ends = [low, *(max(pair) for pair in pairwise(levels)), levels[-1]]
        for n, (text, at) in enumerate(zip(texts, ends, strict=True)):
            axes.annotate(
                text, (at, n), (4, 0), textcoords="offset points", ha="left", va="center", fontsize=9, color=INK
            )
        axes.set_yticks(range(len(rows)), [short(row) for row in rows])
        row_space(axes, len(rows))
        axes.set_xlim(min(0.0, *levels), 1.2 * max(levels) or 1)
        ticks(axes.xaxis, value, 5)

    return draw(paint, name, alt, 0.8 + 0.3 * len(rows))
