"""A run without a server as a row of moments: who talked to whom, and how each peer fared, round by round."""

from collections.abc import Mapping, Sequence
from math import isfinite

from counterpoint.evaluate import OBSERVED
from counterpoint.report.devices import each, shares
from counterpoint.report.draw.network import Moment, Pair
from counterpoint.report.record import Record
from counterpoint.report.sections.rounds import thinned
from counterpoint.report.select import Points
from counterpoint.report.views import COMMON, OWN, View, views_of

MOST_MOMENTS = 120
"""Of longer runs some rounds are kept, among them the last."""


def view_of_peers(record: Record) -> View | None:
    """Of what the peers' scores are shown: their own tests where there are any."""
    found = [v for v in (*views_of(record.curves, OWN), *views_of(record.curves, COMMON)) if v.over == "clients"]
    return found[0] if found else None


def moments(record: Record) -> list[Moment]:
    """The moments of which something is recorded of single peers, at most 120; none of a run that has a server."""
    clients: Sequence[int] = record.network.get("clients", ())
    scores, curves = {}, record.curves
    if view := view_of_peers(record):
        parts = {"model": view.model, "split": view.split, "moment": view.moment}
        scores = each(curves, "accuracy", pattern=OBSERVED, **parts)
    told: Mapping[int, float] = dict(zip(clients, record.network.get("batteries", ()), strict=False))
    left, silent = shares(curves, told), each(curves, "silent")
    rounds = sorted({n for of in (scores, left, silent) for points in of.values() for n, _ in points if n > 0})
    found = []
    for number in thinned(rounds, MOST_MOMENTS):
        quiet = [dict(silent.get(client, ())).get(number, 0.0) > 0 for client in clients]
        found.append(
            Moment(
                number,
                edges_of(record.network, number),
                [_at(scores.get(client, ()), number) for client in clients],
                [_at(left.get(client, ()), number) for client in clients],
                quiet,
            )
        )
    return found


def edges_of(network: Mapping[str, Mapping[str, Sequence[Sequence[int]]]], number: int) -> list[Pair]:
    """The pairs that can talk in a round: those said of the last round up to it of which any are."""
    said = {int(since): pairs for since, pairs in network.get("edges", {}).items() if int(since) <= number}
    return [(a, b) for a, b in said[max(said)]] if said else []


def _at(points: Points, number: int) -> float | None:
    """The value of this round, or else the last one before it."""
    known = [value for n, value in points if n <= number and isfinite(value)]
    return known[-1] if known else None
