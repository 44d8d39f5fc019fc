"""What devices spent, had left, and did, round by round."""

from collections.abc import Iterable, Mapping
from itertools import accumulate
from math import isfinite, nan

from counterpoint.evaluate import MetricName
from counterpoint.report.select import Curves, Points, by, client_of, last, one
from counterpoint.runs.energy import COMPUTE, MEAN, SEND, TOTAL

SPENT = {COMPUTE: "compute", SEND: "send"}
"""Joules of a round, by what they went into."""
MEASURES = frozenset({*SPENT, "battery", "seconds", "silent", "available", "late", "round_seconds"})


def of_devices(name: MetricName) -> bool:
    """Whether a metric tells of clients' devices."""
    return name.measure in MEASURES and name.scope.startswith(("client:", "clients:"))


def each(curves: Curves, measure: str, **parts: str) -> dict[int, Points]:
    """A measure by round, by client; sorted."""
    found = ((client_of(scope), points) for scope, points in by("scope", curves, measure=measure, **parts).items())
    return dict(sorted((client, points) for client, points in found if client is not None))


def joules(curves: Curves) -> dict[str, float]:
    """Joules of all rounds over all clients, by what they went into; empty where none were counted."""
    found = {what: one(curves, measure=measure, scope=TOTAL) for measure, what in SPENT.items()}
    return {what: sum(v for _, v in points) for what, points in found.items()} if any(found.values()) else {}


def spent(curves: Curves) -> Points:
    """Joules over all clients by the end of each round."""
    return summed(one(curves, measure=measure, scope=TOTAL) for measure in SPENT)


def summed(several: Iterable[Points]) -> Points:
    """The sum of several curves by the end of each round."""
    total: dict[int, float] = {}
    for points in several:
        for number, value in points:
            total[number] = total.get(number, 0.0) + value
    numbers = sorted(total)
    return list(zip(numbers, accumulate(total[number] for number in numbers), strict=True))


def spent_by(curves: Curves) -> tuple[dict[int, dict[str, float]], bool]:
    """Joules by client, and whether they are those of all rounds, or of the last alone."""
    found = {what: each(curves, measure) for measure, what in SPENT.items()}
    rounds = {number for measure in SPENT for number, _ in one(curves, measure=measure, scope=TOTAL)}
    of_clients = [points for clients in found.values() for points in clients.values()]
    whole = all(len(points) == len(rounds) for points in of_clients)
    clients = sorted({client for of in found.values() for client in of})
    joules_of = {
        client: {
            what: sum(v for _, v in of[client]) if whole else last(of[client])
            for what, of in found.items()
            if client in of
        }
        for client in clients
    }
    return {client: dict.fromkeys(found, 0.0) | of for client, of in joules_of.items()}, whole


def shares(curves: Curves, start: Mapping[int, float] | None = None) -> dict[int, Points]:
    """The share of its battery that is left to each client by round; empty where the joules at the start are not known.

    At the start a battery held what is left after a round and what was spent until then.

    Args:
        curves: of the run.
        start: joules at the start, by client, where they are told.
    """
    left = each(curves, "battery")
    known = dict(start or {})
    used = {measure: each(curves, measure) for measure in SPENT}
    for client, points in left.items():
        number, value = points[0]
        if client not in known and number <= 1:
            known[client] = value + sum(v for of in used.values() for n, v in of.get(client, ()) if n == number)
    if not all(client in known for client in left):
        return {}
    return {client: [(n, _share(v, known[client])) for n, v in points] for client, points in left.items()}


def left_of_all(curves: Curves, clients: int) -> float | None:
    """The share of what all batteries held at the start that is left; None where there are none.

    Args:
        curves: of the run.
        clients: how many there are.
    """
    whole, mean = (one(curves, measure="battery", scope=scope) for scope in (TOTAL, MEAN))
    left = last(whole) if whole else clients * last(mean) if mean else nan
    return _share(left, left + sum(joules(curves).values())) if isfinite(left) else None


def _share(left: float, held: float) -> float:
    return min(max(left / held, 0.0), 1.0) if held > 0 else 0.0
