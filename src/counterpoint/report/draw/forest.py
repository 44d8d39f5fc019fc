"""Differences with their intervals, a row each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from counterpoint.report.draw.canvas import draw, row_space, ticks
from counterpoint.report.draw.colours import INK, MUTED, PAPER, Look


@dataclass(frozen=True)
class Gap:
    """One difference.

    Attributes:
        at: the difference.
        low: lower end of its interval; None where there is none.
        high: upper end.
        sure: whether it is told from nothing.
        note: written beside it.
        look: of its row.
    """

    at: float
    low: float | None
    high: float | None
    sure: bool
    note: str
    look: Look


def forest(name: str, alt: str, gaps: Sequence[Gap], value: Callable[[float], str], sides: tuple[str, str]) -> str:
    """A row a difference: a dot, full where it is sure and else hollow, on its interval; an upright line at nothing.

    Args:
        name: of the plot.
        alt: what is to be seen.
        gaps: at least one.
        value: how values are written.
        sides: what lies left and right of nothing.
    """

    def paint(axes: Axes) -> None:
        axes.axvline(0, color=MUTED, linewidth=1.2, zorder=1)
        for row, gap in enumerate(gaps):
            if gap.low is not None and gap.high is not None:
                axes.plot([gap.low, gap.high], [row, row], color=gap.look.colour, linewidth=2.2, zorder=2)
            inside = gap.look.colour if gap.sure else PAPER
            axes.plot([gap.at], [row], gap.look.marker, color=gap.look.colour, markerfacecolor=inside, markersize=7)
            axes.annotate(
                gap.note,
                (1, row),
                (4, 0),
                axes.get_yaxis_transform(),
                "offset points",
                va="center",
                fontsize=9,
                color=INK,
            )
        axes.set_yticks(range(len(gaps)), [gap.look.name for gap in gaps])
        row_space(axes, len(gaps))
        axes.margins(x=0.06)
        low, high = axes.get_xlim()
        axes.set_xlim(min(low, -0.2 * high), max(high, -0.2 * low))
        ticks(axes.xaxis, value, 4)
        for at, side, align in ((0, f"← {sides[0]}", "right"), (0, f"{sides[1]} →", "left")):
            shift = -4 if align == "right" else 4
            axes.annotate(
                side,
                (at, 1),
                (shift, 4),
                axes.get_xaxis_transform(),
                "offset points",
                ha=align,
                fontsize=9,
                color=MUTED,
            )

    return draw(paint, name, alt, 0.9 + 0.27 * len(gaps))
