"""A sound: its waveform, and below it its spectrogram."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from counterpoint.report import units
from counterpoint.report.draw.canvas import draw_rows, ticks
from counterpoint.report.draw.colours import GRID, colour
from counterpoint.report.draw.heat import TONE

Wave = NDArray[np.float64]
POINTS = 360
"""Of a longer waveform so many pieces are drawn, each from its lowest to its highest value."""
DECIBELS = 60.0
"""What is softer than the loudest by more than this is not drawn."""
LEVELS = 24


def sound(name: str, alt: str, wave: Wave, rate: float) -> str:
    """Waveform and spectrogram over the same seconds.

    Args:
        name: of the plot.
        alt: what is to be seen.
        wave: from -1 to 1, [samples].
        rate: samples a second.
    """
    seconds = len(wave) / rate

    def paint(rows: Sequence[Axes]) -> None:
        upper, lower = rows
        edges = np.linspace(0, len(wave), min(POINTS, len(wave)) + 1).astype(int)
        low, high = np.minimum.reduceat(wave, edges[:-1]), np.maximum.reduceat(wave, edges[:-1])
        upper.fill_between(edges[:-1] / rate, low, high, color=colour(0), linewidth=0.6)
        upper.set_ylim(-1, 1)
        upper.set_yticks([-1, 0, 1])
        upper.set_ylabel("wave")
        shade = np.round(loudness(wave, rate) * LEVELS) / LEVELS
        picture = np.dstack([np.full_like(shade, tone) for tone in TONE] + [0.95 * shade])
        extent = (0, seconds, 0, rate / 2000)
        lower.imshow(picture, aspect="auto", origin="lower", extent=extent, interpolation="none")
        lower.grid(False)
        lower.spines["bottom"].set_color(GRID)
        ticks(lower.yaxis, units.number, 4)
        ticks(lower.xaxis, units.number, 6)
        lower.set_ylabel("kHz")
        lower.set_xlabel("seconds")
        lower.set_xlim(0, seconds)

    return draw_rows(paint, name, alt, 2.9, [1, 1.6])


def loudness(wave: Wave, rate: float) -> NDArray[np.float64]:
    """Loudness by frequency and time, from 0 (DECIBELS below the loudest, or softer) to 1 (the loudest).

    The magnitude of the Fourier transform of windows of about 30 ms (Hann), in decibels.

    Args:
        wave: [samples].
        rate: samples a second.

    Returns:
        [frequencies from 0 to rate / 2, windows].
    """
    size = min(2 ** round(np.log2(max(0.03 * rate, 4))), len(wave))
    hop = max(size // 4, len(wave) // 240, 1)
    windows = np.lib.stride_tricks.sliding_window_view(wave, size)[::hop]
    magnitude = np.abs(np.fft.rfft(windows * np.hanning(size), axis=1)).T
    top = magnitude.max(initial=0)
    if top == 0:
        return np.zeros_like(magnitude)
    decibels = 20 * np.log10(np.maximum(magnitude / top, 1e-9))
    found: NDArray[np.float64] = np.clip(1 + decibels / DECIBELS, 0, 1)
    return found
