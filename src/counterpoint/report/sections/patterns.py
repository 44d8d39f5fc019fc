"""Scores by pattern of present modalities."""

from counterpoint.evaluate import OBSERVED
from counterpoint.report import units
from counterpoint.report.draw.bars import grouped
from counterpoint.report.parts import Plot, Section, Table
from counterpoint.report.record import Record
from counterpoint.report.select import Curves, last
from counterpoint.report.views import View, views


def patterns(record: Record) -> Section:
    """Accuracy and macro-F1 by pattern, a plot a view."""
    lead = (
        "“As they are”: every sample with whatever modalities it has. A named pattern: the model is shown only these "
        "modalities, of the samples that have them all; one sample counts under each pattern that it allows."
    )
    found = [scores_by_pattern(record.curves, view) for view in views(record.curves)]
    return Section("patterns", "By modalities present", lead, plots=[plot for plot in found if plot])


def scores_by_pattern(curves: Curves, view: View) -> Plot | None:
    """Last accuracy and macro-F1 by pattern."""
    scores = {measure: view.by_pattern(curves, measure) for measure in ("accuracy", "macro_f1")}
    found = [pattern for pattern in scores["accuracy"] if pattern in scores["macro_f1"]]
    if not found:
        return None
    named = {p: "as they are" if p == OBSERVED else p for p in found}
    rows = {named[p]: {"accuracy": last(scores["accuracy"][p]), "macro-F1": last(scores["macro_f1"][p])} for p in found}
    told = "; ".join(f"{p}: {units.percent(v['accuracy'])}, {units.percent(v['macro-F1'])}" for p, v in rows.items())
    title = "On the global test" if view.split == "global_test" else f"On own tests, {view.when}"
    alt = f"Accuracy and macro-F1 {title[0].lower()}{title[1:]}, bars by pattern. {told}."
    caption = f"{view.words}." + (" Means over the clients that can be scored." if view.over == "clients" else "")
    head = ["pattern", "accuracy", "macro-F1", "samples"] + (["clients"] if view.over == "clients" else [])
    cells = [
        [label, units.percent(v["accuracy"]), units.percent(v["macro-F1"]), *_counts(curves, view, pattern)]
        for (pattern, label), v in zip(named.items(), rows.values(), strict=True)
    ]
    labelled = {f"{cell[0]} ({cell[3]})": values for cell, values in zip(cells, rows.values(), strict=True)}
    svg = grouped(f"patterns-{view.name}", alt, labelled, units.percent, most=1.16)
    return Plot(title, svg, f"{caption} In brackets: samples.", Table(head, cells))


def _counts(curves: Curves, view: View, pattern: str) -> list[str]:
    """How many samples were scored, and of how many clients; the global test is one and the same for all clients."""
    if view.over == "server":
        points = view.score(curves, "samples", pattern=pattern)
        return [units.number(last(points)) if points else units.UNKNOWN]
    of_clients = [n for n in view.by_client(curves, "samples", pattern).values() if n]
    if not of_clients:
        return [units.UNKNOWN, units.UNKNOWN]
    total = max(of_clients) if view.split == "global_test" else sum(of_clients)
    return [units.number(total), units.number(len(of_clients))]
