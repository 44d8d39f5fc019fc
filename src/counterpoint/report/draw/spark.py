"""A signal as a picture so small that it has no axes."""

import base64

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 96, 64
TONES = ("#3f8fd0", "#d8752f", "#2f9c7c")
"""Of the first channels; seen on light and on dark pages."""
POINTS = 96
"""Of a longer signal so many points are drawn, each the mean of a piece."""


def spark(values: NDArray[np.float64]) -> str:
    """The first three channels over time, one scale for all of them, as a data URI.

    Args:
        values: [channels, steps].
    """
    drawn = values[: len(TONES)]
    edges = np.linspace(0, drawn.shape[1], min(POINTS, drawn.shape[1]) + 1).astype(int)
    means = np.add.reduceat(drawn, edges[:-1], axis=1) / np.diff(edges)
    low, high = float(means.min()), float(means.max())
    y = (HEIGHT - 8) * (1 - (means - low) / (high - low or 1.0)) + 4
    x = np.linspace(3, WIDTH - 3, means.shape[1])
    lines = "".join(
        f'<polyline points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, row, strict=True))}" stroke="{tone}"/>'
        for row, tone in zip(y, TONES, strict=False)
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    svg = f'{head} fill="none" stroke-width="1.3">{lines}</svg>'
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
