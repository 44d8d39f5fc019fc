"""Where the time of a run went, as people read it: the same words on the page and in the terminal."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from counterpoint.report import units

WHAT = {
    "compute": "forward, backward and optimiser steps",
    "data": "choosing and gathering batches",
    "aggregation": "the server's program: averaging",
    "evaluation": "scoring models, all that it takes",
    "overhead": "packages, checks, bookkeeping",
    "waiting": "the server waits for worker processes",
    "saving": "checkpoints and tables",
}


class Kind(NamedTuple):
    """A kind of work.

    Attributes:
        name: of the kind.
        what: it is.
        seconds: in all.
        share: of the time of all kinds.
        each: seconds a client-round; None where there was none.
    """

    name: str
    what: str
    seconds: float
    share: float
    each: float | None


def kinds(profile: Mapping[str, Any]) -> list[Kind]:
    """The kinds of work that took any time, the longest first; none where the run has no such profile."""
    spent: Mapping[str, float] = profile.get("seconds", {})
    visits, total = profile.get("client_rounds", 0), sum(spent.values())
    found = [
        Kind(name, WHAT.get(name, ""), seconds, seconds / total, seconds / visits if visits else None)
        for name, seconds in spent.items()
        if seconds > 0
    ]
    return sorted(found, key=lambda kind: -kind.seconds)


def clock(profile: Mapping[str, Any]) -> str:
    """The time on the clock, and why that of all kinds is another, where worker processes were at work."""
    phases: Mapping[str, float] = profile.get("phases", {})
    longest = sorted(phases.items(), key=lambda phase: -phase[1])
    parts = ", ".join(f"{phase} {units.duration(seconds)}" for phase, seconds in longest)
    text = f"On the clock {units.duration(sum(phases.values()))}: {parts}."
    if profile.get("workers", 1) > 1:
        text += " All kinds add up to more: each worker process counts its own seconds, and the server its wait."
    return text


def processes(profile: Mapping[str, Any]) -> str:
    """How many processes clients were computed in."""
    workers = profile.get("workers", 1)
    return "one process, no workers" if workers == 1 else f"{workers} worker processes"


def recordings(profile: Mapping[str, Any]) -> str:
    """How many kinds of step were recorded."""
    count = profile.get("recorded", 0)
    of_each = ", counted in each process" if profile.get("workers", 1) > 1 else ""
    return f"{units.many(count, 'kind')} of step recorded and replayed{of_each}" if count else "no steps recorded"


def stacks(method: str, profile: Mapping[str, Any]) -> Iterator[str]:
    """For each stack that was measured how many clients it takes, and what a step costs each there and alone.

    Args:
        method: of the run, as its configuration names it.
        profile: of the run.
    """
    name = Path(method.partition(":")[0]).stem
    for work, stack in profile.get("stacks", {}).items():
        times = {int(width): seconds for width, seconds in stack["seconds"].items()}
        if not times:
            continue
        width = stack["clients a stack"]
        near = min(times, key=lambda other: abs(other - width))
        others = [f"alone {units.brief(times[1])}"] if 1 in times and near > 1 else []
        if near == 1 and (rest := {w: s for w, s in times.items() if w > 1}):
            best = min(rest, key=lambda w: rest[w])
            others = [f"{best} together {units.brief(rest[best])}"]
        told = "; ".join([f"{units.brief(times[near])} a client-step", *others])
        yield f"{name} {work}: {units.many(width, 'client')} a stack ({told})"
