"""Choosing among metrics by the parts of their names."""

import math
from collections.abc import Iterable, Mapping, Sequence

from counterpoint.evaluate import Metric, MetricName

Points = Sequence[tuple[int, float]]
"""(round, value), in order of rounds."""

Curves = Mapping[MetricName, Points]
"""Every metric of a run by round."""


def index(metrics: Iterable[Metric]) -> Curves:
    """Metrics by name; a value that is not finite becomes NaN."""
    found: dict[MetricName, dict[int, float]] = {}
    for metric in metrics:
        value = metric.value if math.isfinite(metric.value) else math.nan
        found.setdefault(metric.name, {})[metric.round] = value
    return {name: sorted(points.items()) for name, points in found.items()}


def where(curves: Curves, **parts: str) -> Curves:
    """The curves whose names have these parts."""
    return {n: points for n, points in curves.items() if all(getattr(n, p) == wanted for p, wanted in parts.items())}


def by(part: str, curves: Curves, **parts: str) -> dict[str, Points]:
    """Curves by one part of their names, of those that have these other parts; sorted."""
    return {getattr(n, part): points for n, points in sorted(where(curves, **parts).items())}


def last(points: Points) -> float:
    """The last value."""
    return points[-1][1]


def one(curves: Curves, **parts: str) -> Points:
    """The one curve with these parts, or no points."""
    return next(iter(where(curves, **parts).values()), ())


def client_of(scope: str) -> int | None:
    """The client that a scope names."""
    kind, _, number = scope.partition(":")
    return int(number) if kind == "client" else None


def by_client(curves: Curves, **parts: str) -> dict[int, float]:
    """Last values by client; sorted."""
    found = ((client_of(scope), last(points)) for scope, points in by("scope", curves, **parts).items())
    return dict(sorted((client, value) for client, value in found if client is not None))
