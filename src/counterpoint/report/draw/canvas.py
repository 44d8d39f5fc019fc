"""The sheet that every plot is drawn on."""

import io
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from counterpoint.report.draw.colours import GRID, INK, MUTED
from counterpoint.report.draw.embed import embed

WIDTH = 5.0
"""Inches. All plots are equally wide, so that their letters are equally large on any screen."""

LEGEND_WIDTH = 270
"""Points; an entry takes 42 beside its letters, which are 5.8 wide on average."""

_IDLE = re.compile(r"\.0+(?!\d)")

STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.labelcolor": MUTED,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 11,
    "grid.color": GRID,
    "legend.borderaxespad": 0.3,
    "legend.borderpad": 0.2,
    "legend.columnspacing": 1.4,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.color": GRID,
    "ytick.labelcolor": MUTED,
}


def draw(paint: Callable[[Axes], None], name: str, alt: str, height: float) -> str:
    """Inline SVG of what `paint` draws.

    Args:
        paint: draws on empty axes.
        name: of the plot, its own on the page: what its parts are called is made of it.
        alt: what is to be seen, in words.
        height: in inches.
    """
    return draw_rows(lambda rows: paint(rows[0]), name, alt, height)


def draw_rows(
    paint: Callable[[Sequence[Axes]], None], name: str, alt: str, height: float, heights: Sequence[float] = (1,)
) -> str:
    """Inline SVG of axes one below the other that share what runs along them.

    Args:
        paint: draws on empty axes, from the top.
        name: of the plot, its own on the page.
        alt: what is to be seen, in words.
        height: of all, in inches.
        heights: of the axes, as shares.
    """
    file = io.StringIO()
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({**STYLE, "svg.hashsalt": name})
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        figure.patch.set_visible(False)
        FigureCanvasSVG(figure)
        rows = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        for axes in rows:
            axes.patch.set_visible(False)
        paint(list(rows))
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return embed(file.getvalue(), alt)


def legend(axes: Axes, handles: Sequence[Artist] = (), above: float = 0) -> None:
    """A legend above the axes, in as many columns as fit, if there is more than one thing to tell apart.

    Args:
        axes: where.
        handles: what it shows; what has been drawn with a label, where there are none.
        above: points of room to leave between it and the axes.
    """
    shown = list(handles) or axes.get_legend_handles_labels()[0]
    if len(shown) > 1:
        widest = max(len(str(handle.get_label())) for handle in shown)
        columns = max(1, min(len(shown), round(LEGEND_WIDTH / (5.8 * widest + 42))))
        rows = -(-len(shown) // columns)
        gap = above / 10 if above else None
        axes.legend(
            handles=shown, loc="lower left", bbox_to_anchor=(0, 1.01), ncols=-(-len(shown) // rows), borderaxespad=gap
        )


def ticks(axis: Axis, value: Callable[[float], str], most: int = 6) -> None:
    """Ticks at round values, written as `value` writes them but without idle zeros."""
    axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda v, _: _IDLE.sub("", value(v))))


def row_space(axes: Axes, rows: int) -> None:
    """Rows 0, 1, 2, ... from top to bottom, with grid lines along the values only."""
    axes.set_ylim(rows - 0.4, -0.6)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.spines["left"].set_visible(False)
