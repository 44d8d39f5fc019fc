"""Where peers are drawn: at their places, or as their topology reads best."""

from collections import Counter
from collections.abc import Sequence
from math import ceil, cos, isqrt, pi, sin
from typing import NamedTuple

Spot = tuple[float, float]
SIDE = 340.0
"""Of the square they lie in."""
LARGEST, SMALLEST = 15.0, 4.5
"""Radii of peers."""
BARS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
"""Metres that the bar for scale may be long."""


class Layout(NamedTuple):
    """Where peers are drawn.

    Attributes:
        spots: of each peer, the top left corner being (0, 0).
        radius: of each, ring and all.
        height: of all.
        metre: units a metre; 0 where places mean nothing.
    """

    spots: Sequence[Spot]
    radius: float
    height: float
    metre: float = 0.0


def layout(topology: str, places: Sequence[Sequence[float]], edges: Sequence[Sequence[int]]) -> Layout:
    """Where each peer is drawn.

    A geometric network lies as its devices do; a grid in rows; a star about its hub; others on a circle.

    Args:
        topology: by name, its numbers after a colon.
        places: of the peers in metres.
        edges: of the first round.
    """
    kind, count = topology.removeprefix("varying:").partition(":")[0], len(places)
    radius = _bounded(0.19 * SIDE / max(count, 1) ** 0.5)
    edge, metre = radius + 3, 0.0
    if kind == "geometric" and count > 1:
        found, metre = _lying(places, edge)
    elif kind == "grid":
        radius = _bounded(0.3 * SIDE / max(count, 1) ** 0.5)
        found = _rows(count, radius + 3)
    elif kind == "star" and count > 2:
        radius = _bounded(0.4 * pi * SIDE / count)
        hub = Counter(n for pair in edges for n in pair).most_common(1)[0][0] if edges else 0
        around = iter(_circle(count - 1, radius + 3))
        found = [(SIDE / 2, SIDE / 2) if n == hub else next(around) for n in range(count)]
    else:
        radius = _bounded(0.4 * pi * SIDE / max(count, 1))
        found = _circle(count, radius + 3)
    top, bottom = (how((y for _, y in found), default=SIDE / 2) for how in (min, max))
    up = top - radius - 3
    return Layout([(x, y - up) for x, y in found], radius, bottom - top + 2 * radius + 6, metre)


def bar(metre: float) -> tuple[int, float]:
    """Metres and length of a bar for scale, about a seventh of the side."""
    metres = min(BARS, key=lambda m: abs(m * metre - SIDE / 7))
    return metres, metres * metre


def _bounded(radius: float) -> float:
    return min(max(radius, SMALLEST), LARGEST)


def _lying(places: Sequence[Sequence[float]], edge: float) -> tuple[list[Spot], float]:
    xs, ys = ([place[axis] for place in places] for axis in (0, 1))
    metre = (SIDE - 2 * edge) / max(max(xs) - min(xs), max(ys) - min(ys), 1e-9)
    middle = [(max(v) + min(v)) / 2 for v in (xs, ys)]
    return [(SIDE / 2 + (x - middle[0]) * metre, SIDE / 2 - (y - middle[1]) * metre) for x, y in places], metre


def _circle(count: int, edge: float) -> list[Spot]:
    """The first at the top, the others clockwise."""
    reach = SIDE / 2 - edge if count > 1 else 0.0
    turns = [2 * pi * n / max(count, 1) for n in range(count)]
    return [(SIDE / 2 + reach * sin(turn), SIDE / 2 - reach * cos(turn)) for turn in turns]


def _rows(count: int, edge: float) -> list[Spot]:
    """Rows of ceil(sqrt(count))."""
    width = isqrt(max(count - 1, 0)) + 1
    step = (SIDE - 2 * edge) / max(width - 1, 1)
    down = (SIDE - step * (ceil(count / width) - 1)) / 2
    across = edge if width > 1 else SIDE / 2
    return [(across + (n % width) * step, down + (n // width) * step) for n in range(count)]
