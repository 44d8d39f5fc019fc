"""What the runs cost."""

from collections.abc import Callable, Mapping
from typing import Any

from counterpoint.evaluate import MetricName
from counterpoint.experiments import Condition
from counterpoint.report import units
from counterpoint.report.comparison.evidence import Evidence
from counterpoint.report.draw.bars import stacked
from counterpoint.report.draw.whiskers import Bar, whiskers
from counterpoint.report.parts import Plot, Section, Table
from counterpoint.report.units import Written

KNOWN: Mapping[str, tuple[str, Callable[[float], Written]]] = {
    "seconds": ("time", units.duration),
    "bytes_up": ("bytes up", units.size),
    "bytes_down": ("bytes down", units.size),
}

COUNTED: Mapping[str, tuple[str, Callable[[float], Written]]] = {"joules": ("energy", units.joules)}
"""Costs that not every run counts."""


def costs(evidence: Evidence) -> Section:
    """Seconds, bytes, and whatever else a run costs: a table of all, and two plots a column."""
    lead = (
        "Of one run, mean over seeds. Time is all that a run took on the machine that did it, scoring among it, while "
        "others ran beside; bytes are those of encoded packages, over all clients and rounds."
    )
    plots = [plot for condition in evidence.conditions for plot in _plots(evidence, condition)]
    tables = [table] if (table := _table(evidence)) else []
    return Section("costs", "Costs", lead, plots=plots, tables=tables, large=True)


def _table(evidence: Evidence) -> Table | None:
    cells = [cell for cell in evidence.numbers["cells"] if cell["costs"]]
    further = sorted({name for cell in cells for name in cell["costs"]} - {"bytes", *KNOWN, *COUNTED})
    counted = [item for item in COUNTED.items() if any(item[0] in cell["costs"] for cell in cells)]
    writers = [*KNOWN.items(), *counted, *((name, (_words(name), _joules)) for name in further)]
    rows = [
        [
            cell["data"],
            cell["method"],
            units.number(cell["n"]),
            *(_cost(cell["costs"].get(name), write) for name, (_, write) in writers),
        ]
        for cell in cells
    ]
    head = ["data", "method", "runs", *(words for _, (words, _) in writers)]
    return Table(head, rows, words=2, title="Costs of a run") if rows else None


def _plots(evidence: Evidence, condition: Condition) -> list[Plot]:
    spent = {label: cell["costs"] for label, cell in evidence.cells(condition).items() if cell["costs"]}
    if not spent:
        return []
    times = {label: Bar(of["seconds"]["mean"], of["seconds"]["std"]) for label, of in spent.items()}
    told = "; ".join(f"{label}: {units.duration(bar.mean)}" for label, bar in times.items())
    alt = f"{condition.label}: seconds of a run, bars. {told}."
    svg = whiskers(f"seconds-{condition.label}", alt, {"": times}, evidence.looks, units.duration)
    rows = [[label, _cost(of["seconds"], units.duration), _std(of["seconds"])] for label, of in spent.items()]
    table = Table(["method", "time", "standard deviation"], rows)
    plots = [Plot(f"{condition.label}: time", svg, "Of a run; the line is one standard deviation.", table)]
    if any(of["bytes"]["mean"] for of in spent.values()):
        ways = ("bytes_up", "bytes_down")
        bars = {
            evidence.looks[label].name: {KNOWN[way][0]: of[way]["mean"] for way in ways} for label, of in spent.items()
        }
        told = "; ".join(f"{label}: {units.size(of['bytes']['mean'])}" for label, of in spent.items())
        alt = f"{condition.label}: bytes of a run, up and down, stacked bars. {told}."
        svg = stacked(f"sent-{condition.label}", alt, bars, units.size, unit=0.26)
        cells = [[label, *(units.size(of[way]["mean"]) for way in (*ways, "bytes"))] for label, of in spent.items()]
        table = Table(["method", "up", "down", "both"], cells)
        plots.append(Plot(f"{condition.label}: bytes", svg, "Of a run, over all clients and rounds.", table))
    return plots


def _cost(spread: Mapping[str, Any] | None, write: Callable[[float], Written]) -> str:
    return units.UNKNOWN if spread is None or spread["mean"] is None else write(spread["mean"])


def _std(spread: Mapping[str, Any]) -> str:
    return units.UNKNOWN if spread["std"] is None else units.duration(spread["std"])


def _words(name: str) -> str:
    """Of a cost that is a metric: its measure, and on whose account."""
    metric = MetricName.parse(name)
    return " ".join(part for part in (metric.measure, metric.scope) if part != "-")


def _joules(value: float) -> Written:
    return Written(f"{units.number(value)} J", value)
