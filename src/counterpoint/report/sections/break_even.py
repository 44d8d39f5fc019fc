"""Embeddings of proxy rows against weights: from how many rows on the one costs more than the other."""

from counterpoint.report import units
from counterpoint.report.draw.colours import look
from counterpoint.report.draw.lines import Line
from counterpoint.report.draw.named import Along, named_lines
from counterpoint.report.parts import Plot, Table
from counterpoint.report.select import Curves, last, one

BEYOND = 1.25
"""How far the plot goes beyond what there is to see."""


def given_once(curves: Curves) -> float:
    """Bytes of what every client is given once, before anything else: the proxy rows, if the method says so."""
    points = one(curves, measure="proxy_bytes", scope="server")
    return last(points) if points else 0.0


def break_even(curves: Curves) -> Plot | None:
    """Bytes that a client with all modalities sends in a visit, by how many proxy rows there are, beside its weights.

    Of a run whose method notes `break_even` (rows), `told_rows` (rows that are told of) and `row_bytes`.
    """
    noted = [one(curves, measure=name, scope="server") for name in ("break_even", "told_rows", "row_bytes")]
    if not all(noted):
        return None
    even, rows, each = (last(points) for points in noted)
    end, weights = BEYOND * max(even, rows), even * each
    drawn = []
    for place, (name, points) in enumerate(
        {
            "embeddings": [(0.0, 0.0), (rows, rows * each), (end, end * each)],
            "weights": [(0.0, weights), (even, weights), (end, weights)],
        }.items()
    ):
        style = look(place)
        drawn.append(Line(name, sorted(points), style.colour, style.dash, style.marker))
    here = f"with {units.number(rows)} rows told of here, embeddings are {units.number(rows / even)} times the weights"
    alt = f"Bytes of a visit by proxy rows, two lines that cross at {units.number(even)} rows; {here}."
    svg = named_lines("break-even", alt, drawn, units.size, along=Along("proxy rows told of", units.number))
    caption = f"One way, in 32 bits. The lines cross at {units.number(even)} rows; {here}."
    table = Table(
        ["proxy rows", "embeddings", "weights"],
        [[units.number(n), units.size(n * each), units.size(weights)] for n in sorted({even, rows})],
    )
    return Plot("A visit's package: embeddings or weights", svg, caption, table)
