"""Where samples lie in a plane: colours are classes, markers are what a sample was embedded by."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from counterpoint.report.draw.canvas import draw, legend
from counterpoint.report.draw.colours import MUTED, SERIES, colour
from counterpoint.report.units import short

Places = NDArray[np.float64]
"""[points, 2]."""
SHAPES = "o^sD"
OTHERS = "others"


def places(
    name: str,
    alt: str,
    found: Mapping[str, Places],
    labels: Sequence[str],
    reach: tuple[Places, Places],
    axes_names: tuple[str, str],
) -> str:
    """A map. The most frequent classes have a colour each; the others are grey.

    Args:
        name: of the plot.
        alt: what is to be seen.
        found: by modality, where each sample lies.
        labels: the class of each sample.
        reach: lowest and highest coordinates, so that maps beside one another have one scale.
        axes_names: what lies along the axes.
    """
    coloured = frequent(labels)
    kinds = [*coloured, *([OTHERS] if set(labels) - set(coloured) else [])]
    tones = {label: MUTED if label == OTHERS else colour(n) for n, label in enumerate(kinds)}
    of = np.asarray([label if label in coloured else OTHERS for label in labels], dtype=object)

    def paint(axes: Axes) -> None:
        for kind in reversed(kinds):  # what is named first lies on top
            for n, where in enumerate(found.values()):
                x, y = where[of == kind].T
                axes.plot(x, y, SHAPES[n % 4], color=tones[kind], markersize=4.5, alpha=0.7, markeredgewidth=0)
        low, high = reach
        room = 0.04 * max(float((high - low).max()), 1e-9)
        axes.set_xlim(low[0] - room, high[0] + room)
        axes.set_ylim(low[1] - room, high[1] + room)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axes.set_xlabel(axes_names[0])
        axes.set_ylabel(axes_names[1])
        shapes = [_sign(SHAPES[n % 4], MUTED, m) for n, m in enumerate(found)]
        legend(axes, [*shapes, *(_sign("s", tones[kind], kind) for kind in kinds)])

    return draw(paint, name, alt, 4.6)


def frequent(labels: Sequence[str]) -> list[str]:
    """The classes that have a colour, the most frequent first."""
    counts = Counter(labels)
    return sorted(counts, key=lambda label: (-counts[label], label))[: len(SERIES)]


def _sign(shape: str, tone: str, label: str) -> Line2D:
    return Line2D([], [], marker=shape, color=tone, linestyle="", markersize=6, label=short(label, 18))
