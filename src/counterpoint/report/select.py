"""Choosing among metrics by the parts of their names."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from counterpoint.evaluate import MetricName
from counterpoint.runs.table import read_curves

Points = Sequence[tuple[int, float]]
"""(round, value), in order of rounds."""

Curves = Mapping[MetricName, Points]
"""Every metric of a run by round."""


def read(path: Path) -> Curves:
    """The metrics in a run's table by name; a value that is not finite becomes NaN.

    Raises:
        UserError: there is no table, or it is damaged.
    """
    return {name: [(r, v if math.isfinite(v) else math.nan) for r, v in of] for name, of in read_curves(path).items()}


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
