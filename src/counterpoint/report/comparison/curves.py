"""Scores over rounds, over bytes and over time: means over seeds, a line a method."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from statistics import fmean, stdev

from counterpoint.experiments import Condition, Variant
from counterpoint.report import units
from counterpoint.report.comparison.evidence import Evidence, scale_of
from counterpoint.report.comparison.scale import Scale, written
from counterpoint.report.draw.lines import Line
from counterpoint.report.draw.named import Along, named_lines
from counterpoint.report.parts import Plot, Section, Table
from counterpoint.report.sections.rounds import thinned

MOST_POINTS = 60
"""Of longer curves some points are drawn, among them the last."""
NEAR = 0.9
"""What it takes to come so near to the best last mean is told."""


@dataclass(frozen=True)
class Curve:
    """One method on one column: by round the mean score and its deviation over seeds, and the mean costs until then.

    Joules are empty where not every run counted them.
    """

    variant: Variant
    rounds: Sequence[int]
    means: Sequence[float]
    stds: Sequence[float]
    sent: Sequence[float]
    seconds: Sequence[float]
    joules: Sequence[float] = ()

    def until(self, costs: Sequence[float], target: float, *, lower: bool) -> float | None:
        """What it cost until the mean score first came to a target; None if it never did."""
        there = (
            cost for cost, mean in zip(costs, self.means, strict=True) if (mean <= target if lower else mean >= target)
        )
        return next(there, None)


def rounds(evidence: Evidence) -> Section:
    """A plot a column, over rounds."""
    lead = "Score after each round, mean over seeds; the band is one standard deviation over seeds to either side."
    plots = []
    for condition in evidence.conditions:
        scale = scale_of(condition)
        if found := curves(evidence, condition):
            name = f"rounds-{condition.label}"
            alt = f"{condition.label}: {scale.words} by round, a line a method. Last values: {_ends(found, scale)}."
            svg = named_lines(
                name, alt, [_line(evidence, c, c.rounds) for c in found], scale.value, bounds=scale.bounds
            )
            plots.append(Plot(condition.label, svg, f"{_what(evidence, condition)}.", _by_round(found, scale)))
    return Section("rounds", "By round", lead, plots=plots, large=True)


def worth(evidence: Evidence) -> Section:
    """Two plots a column: over bytes, and over seconds; a third one over joules where they were counted."""
    lead = (
        "The same scores against what they cost: bytes of encoded packages, up and down over all clients, and seconds "
        "of training without scoring, shared out evenly over the rounds of a run. Seconds are those of the machine "
        "that did it, with other runs beside. A method that sends nothing is a dotted level at its last score."
    )
    plots, told = [], ""
    for condition in evidence.conditions:
        found = curves(evidence, condition)
        if any(curve.sent[-1] for curve in found):
            plots.append(_against(evidence, condition, found, "bytes", lambda c: c.sent, units.size))
        if any(curve.seconds[-1] for curve in found):
            plots.append(_against(evidence, condition, found, "time", lambda c: c.seconds, units.duration))
        if counted := [curve for curve in found if curve.joules]:
            told = " Joules are what computing and sending took on all devices, as they are simulated."
            plots.append(_against(evidence, condition, counted, "joules", lambda c: c.joules, units.joules))
    return Section("worth", "Against bytes and time", lead + told, plots=plots, large=True)


def curves(evidence: Evidence, condition: Condition) -> list[Curve]:
    """The curves of a column, of the methods that have any."""
    found = (_curve(evidence, variant, condition) for variant in evidence.variants)
    return [curve for curve in found if curve is not None]


def _curve(evidence: Evidence, variant: Variant, condition: Condition) -> Curve | None:
    traces = [(o, t) for o, t in evidence.traces_of(variant, condition) if t.scores]
    if not traces:
        return None
    scores, sent = (
        [dict(points) for points in of] for of in ([t.scores for _, t in traces], [t.sent for _, t in traces])
    )
    common = sorted(set.intersection(*(set(points) for points in scores)))
    columns = [[points[number] for points in scores] for number in common]
    each = [t.seconds / o.case.config.rounds for o, t in traces]
    joules = [dict(t.joules) for _, t in traces]
    return Curve(
        variant,
        common,
        [fmean(column) for column in columns],
        [_deviation(column) for column in columns],
        [fmean(points.get(number, 0.0) for points in sent) for number in common],
        [fmean(each) * number for number in common],
        [fmean(points.get(number, 0.0) for points in joules) for number in common] if all(joules) else (),
    )


def _deviation(values: Sequence[float]) -> float:
    if len(values) < 2:
        return 0.0
    return stdev(values) if all(map(isfinite, values)) else nan


def _line(evidence: Evidence, curve: Curve, along: Sequence[float]) -> Line:
    look, shown = evidence.looks[curve.variant.label], thinned(range(len(along)), MOST_POINTS)
    points = [(along[at], curve.means[at]) for at in shown]
    width = [curve.stds[at] for at in shown] if any(curve.stds) else ()
    return Line(look.name, points, look.colour, look.dash, look.marker, width)


def _against(
    evidence: Evidence,
    condition: Condition,
    found: Sequence[Curve],
    what: str,
    cost: Callable[[Curve], Sequence[float]],
    write: Callable[[float], str],
) -> Plot:
    scale = scale_of(condition)
    ends = [curve.means[-1] for curve in found if isfinite(curve.means[-1])]
    best = (min if scale.lower else max)(ends, default=nan)
    target = best / NEAR if scale.lower else best * NEAR
    drawn = [_line(evidence, curve, cost(curve)) for curve in found]
    told = "; ".join(f"{c.variant.label}: {scale.value(c.means[-1])} after {write(cost(c)[-1])}" for c in found)
    alt = f"{condition.label}: {scale.words} against {what}, a line a method. {told}."
    svg = named_lines(
        f"{what}-{condition.label}", alt, drawn, scale.value, along=Along(what, write), bounds=scale.bounds
    )
    rows = []
    for curve in found:
        reached = curve.until(cost(curve), target, lower=scale.lower)
        rows.append(
            [
                curve.variant.label,
                scale.value(curve.means[-1]),
                write(cost(curve)[-1]),
                units.UNKNOWN if reached is None else write(reached),
            ]
        )
    head = ["method", f"last {scale.words}", what, f"{what} until {scale.value(target)}"]
    caption = f"{scale.words[0].upper()}{scale.words[1:]} against {what}."
    return Plot(f"{condition.label}: {what}", svg, caption, Table(head, rows))


def _by_round(found: Sequence[Curve], scale: Scale) -> Table:
    shown = thinned(sorted({number for curve in found for number in curve.rounds}))
    cells = {}
    for curve in found:
        several = any(curve.stds)
        cells[curve.variant.label] = {
            number: written({"mean": mean, "std": std if several else None, "n": 0}, scale)
            for number, mean, std in zip(curve.rounds, curve.means, curve.stds, strict=True)
            if number in shown
        }
    rows = [[str(number), *(of.get(number, units.UNKNOWN) for of in cells.values())] for number in shown]
    return Table(["round", *cells], rows)


def _ends(found: Sequence[Curve], scale: Scale) -> str:
    return "; ".join(f"{curve.variant.label}: {scale.value(curve.means[-1])}" for curve in found)


def _what(evidence: Evidence, condition: Condition) -> str:
    words = scale_of(condition).words
    held = any(cell["scores"]["held-out"]["n"] for cell in evidence.cells(condition).values())
    whose = "on the global test" if held else "on the clients' own tests, mean over clients"
    return f"{words[0].upper()}{words[1:]} {whose}"
