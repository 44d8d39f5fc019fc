"""How the clients of each method fare on their own tests."""

from math import isfinite
from statistics import fmean, median, pstdev

from counterpoint.experiments import Condition
from counterpoint.report import units
from counterpoint.report.comparison.evidence import Evidence, scale_of
from counterpoint.report.draw.crowd import MOST_TICKS, Crowd, crowd
from counterpoint.report.parts import Plot, Section, Table
from counterpoint.report.people import Person, people
from counterpoint.report.units import Written


def clients(evidence: Evidence) -> Section:
    """A plot a column: scores of all clients in the runs of all seeds."""
    lead = (
        "Each client's score on its own test after the last round, before local training; of personal models after it. "
        "The clients of all seeds are pooled: a mean may hide clients that a method fails."
    )
    plots = [plot for condition in evidence.conditions if (plot := _crowd(evidence, condition))]
    return Section("clients", "By client", lead, plots=plots, large=True)


def _crowd(evidence: Evidence, condition: Condition) -> Plot | None:
    scale, looks = scale_of(condition), evidence.looks
    everyone = people(evidence.populations.get(condition.label, {}))
    drawn, rows, told = [], [], []
    for variant in evidence.variants:
        found = [
            (value, client, outcome.case.seed)
            for outcome, trace in evidence.traces_of(variant, condition)
            for client, value in trace.own.items()
            if isfinite(value)
        ]
        if not found:
            continue
        values = [value for value, _, _ in found]
        worst, client, seed = (max if scale.lower else min)(found)
        drawn.append(Crowd(values, worst, looks[variant.label]))
        who = (everyone.get(client) or Person(client)).name
        told.append(
            f"{variant.label}: median {scale.value(median(values))}, worst {scale.value(worst)} ({who}, seed {seed})"
        )
        spread = Written(str(scale.gap(pstdev(values))), pstdev(values))
        numbers = [scale.value(fmean(values)), spread, scale.value(median(values)), scale.value(worst)]
        rows.append([variant.label, units.number(len(values)), *numbers, f"{who}, seed {seed}"])
    if not drawn:
        return None
    alt = f"{condition.label}: {scale.words} of each client on its own test, a row a method. {'; '.join(told)}."
    svg = crowd(f"clients-{condition.label}", alt, drawn, scale.value)
    ticks = "A tick: a client in a run. " if any(len(row.values) <= MOST_TICKS for row in drawn) else ""
    words = f"{scale.words[0].upper()}{scale.words[1:]}"
    caption = (
        f"{words} on own tests. {ticks}Thick: the middle half; thin: nine of ten; ring: the median; cross: the worst."
    )
    head = ["method", "clients, all runs", "mean", "standard deviation", "median", "worst", "who"]
    return Plot(condition.label, svg, caption, Table(head, rows))
