"""Weights of clients that a min-max method moves."""

from collections.abc import Callable
from statistics import median

from counterpoint.report import units
from counterpoint.report.draw.colours import DASHES, colour, marker
from counterpoint.report.draw.lines import Line
from counterpoint.report.parts import Plot
from counterpoint.report.people import Person, people
from counterpoint.report.record import Record
from counterpoint.report.sections.rounds import curve_plot
from counterpoint.report.select import Points, by, client_of

MOST_LINES = 8
"""Up to so many clients have a line each."""
CAPTION = "What each client counts by round; all together count 100%. Those whose pairs are aligned worst count more."


def mixture(record: Record) -> Plot | None:
    """Weights by round: a line a client, or the largest, median and smallest where there are many clients."""
    everyone = people(record.population)
    found: dict[int, Points] = {}
    for scope, points in by("scope", record.curves, measure="mixture").items():
        client = client_of(scope)
        if client is not None:
            found[client] = points
    if not found:
        return None
    caption = CAPTION
    if len(found) <= MOST_LINES:
        drawn = [
            Line((everyone.get(c) or Person(c)).name, found[c], colour(n % 7), DASHES[n // 7], marker(n))
            for n, c in enumerate(sorted(found))
        ]
    else:
        caption += f" Of {len(found)} clients, the most and the least that any counts, and the median."
        drawn = _few(list(found.values()))
    return curve_plot("mixture", "Weights of clients", caption, drawn, units.percent, from_zero=True)


def _few(weights: list[Points]) -> list[Line]:
    values: dict[int, list[float]] = {}
    for points in weights:
        for number, value in points:
            values.setdefault(number, []).append(value)
    ways: dict[str, Callable[[list[float]], float]] = {"largest": max, "median": median, "smallest": min}
    return [
        Line(label, [(number, way(at)) for number, at in sorted(values.items())], colour(n), "-", marker(n))
        for n, (label, way) in enumerate(ways.items())
    ]
