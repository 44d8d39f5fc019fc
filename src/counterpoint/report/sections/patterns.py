"""Scores by pattern of present modalities."""

from counterpoint.evaluate import OBSERVED
from counterpoint.report import units
from counterpoint.report.draw.bars import grouped
from counterpoint.report.parts import Plot, Section, Table
from counterpoint.report.record import Record
from counterpoint.report.select import Curves, Points, last
from counterpoint.report.views import View, views

TITLES = {
    "test": "On own tests",
    "global_test": "On the global test",
    "validation": "On own validation rows",
    "global_validation": "On all validation rows",
}
MEASURES = {"accuracy": "accuracy", "macro_f1": "macro-F1", "auc": "AUC"}


def patterns(record: Record) -> Section:
    """Accuracy, macro-F1 and, of two classes, AUC by pattern, a plot a view."""
    lead = (
        "“As they are”: every sample with whatever modalities it has. A named pattern: the model is shown only these "
        "modalities, of the samples that have them all; one sample counts under each pattern that it allows."
    )
    found = [scores_by_pattern(record.curves, view) for view in views(record.curves)]
    return Section("patterns", "By modalities present", lead, plots=[plot for plot in found if plot])


def scores_by_pattern(curves: Curves, view: View) -> Plot | None:
    """Last accuracy, macro-F1 and, of two classes, AUC by pattern; what not every pattern has is in the table alone."""
    scores = {label: view.by_pattern(curves, measure) for measure, label in MEASURES.items()}
    found = [pattern for pattern in scores["accuracy"] if pattern in scores["macro-F1"]]
    if not found:
        return None
    named = {p: "as they are" if p == OBSERVED else p for p in found}
    known = [label for label, values in scores.items() if values]
    drawn = [label for label in known if all(p in scores[label] for p in found)]
    rows = {named[p]: {label: last(scores[label][p]) for label in drawn} for p in found}
    told = "; ".join(f"{p}: {', '.join(map(units.percent, v.values()))}" for p, v in rows.items())
    title = TITLES[view.split] if view.common else f"{TITLES[view.split]}, {view.when}"
    what = f"{', '.join(drawn[:-1])} and {drawn[-1]}"
    alt = f"{what[0].upper()}{what[1:]} {title[0].lower()}{title[1:]}, bars by pattern. {told}."
    caption = f"{view.words}." + (" Means over the clients that can be scored." if view.over == "clients" else "")
    head = ["pattern", *known, "samples"] + (["clients"] if view.over == "clients" else [])
    counts = {p: _counts(curves, view, p) for p in found}
    cells = [[named[p], *(_percent(scores[label].get(p)) for label in known), *counts[p]] for p in found]
    labelled = {f"{named[p]} ({counts[p][0]})": rows[named[p]] for p in found}
    svg = grouped(f"patterns-{view.name}", alt, labelled, units.percent, most=1.16)
    return Plot(title, svg, f"{caption} In brackets: samples.", Table(head, cells))


def _percent(points: Points | None) -> str:
    return units.percent(last(points)) if points else units.UNKNOWN


def _counts(curves: Curves, view: View, pattern: str) -> list[str]:
    """How many samples were scored, and of how many clients; the global test is one and the same for all clients."""
    if view.over == "server":
        points = view.score(curves, "samples", pattern=pattern)
        return [units.number(last(points)) if points else units.UNKNOWN]
    of_clients = [n for n in view.by_client(curves, "samples", pattern).values() if n]
    if not of_clients:
        return [units.UNKNOWN, units.UNKNOWN]
    total = max(of_clients) if view.common else sum(of_clients)
    return [units.number(total), units.number(len(of_clients))]
