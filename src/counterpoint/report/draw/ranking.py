"""The critical-difference diagram: mean ranks, and bars beside rows that are not told apart."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from counterpoint.report.draw.canvas import draw, row_space
from counterpoint.report.draw.colours import INK, MUTED, Look

STEP = 0.035
"""Between bars, as a share of the width."""


def ranking(
    name: str,
    alt: str,
    mean_rank: Mapping[str, float],
    critical: float,
    groups: Sequence[Sequence[str]],
    looks: Mapping[str, Look],
) -> str:
    """A row a method, the best on top: a dot at its mean rank. An upright bar joins rows that are not told apart.

    Above the rows lies the critical difference, as long as it is on the axis.

    Args:
        name: of the plot.
        alt: what is to be seen.
        mean_rank: by row, the best first.
        critical: difference that two ranks must have.
        groups: rows that are not told apart.
        looks: by row.
    """
    rows = list(mean_rank)
    best = mean_rank[rows[0]]

    def paint(axes: Axes) -> None:
        axes.plot([best, best + critical], [-0.95, -0.95], color=INK, linewidth=1.6, marker="|", markersize=7)
        axes.annotate(
            f"critical difference {critical:.2f}",
            (best, -0.95),
            (0, 5),
            "data",
            "offset points",
            fontsize=9.5,
            color=MUTED,
        )
        for at, (row, rank) in enumerate(mean_rank.items()):
            axes.plot([1, rank], [at, at], color=looks[row].colour, linewidth=1.2, alpha=0.5)
            axes.plot([rank], [at], looks[row].marker, color=looks[row].colour, markersize=6.5)
            axes.annotate(f"{rank:.2f}", (rank, at), (7, 0), "data", "offset points", va="center", fontsize=9.5)
        across = axes.get_yaxis_transform()
        for number, group in enumerate(groups):
            ends = [rows.index(group[0]) - 0.3, rows.index(group[-1]) + 0.3]
            axes.plot([1.03 + STEP * number] * 2, ends, color=INK, linewidth=3.2, transform=across, clip_on=False)
        axes.set_yticks(range(len(rows)), [looks[row].name for row in rows])
        row_space(axes, len(rows))
        axes.set_ylim(len(rows) - 0.4, -1.9)
        axes.set_xlim(0.85, max(len(rows), best + critical) + 0.12 * len(rows))
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))
        axes.set_xlabel("mean rank")

    return draw(paint, name, alt, 1.1 + 0.27 * len(rows))
