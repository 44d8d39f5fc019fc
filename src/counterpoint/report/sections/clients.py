"""Scores by client."""

from collections.abc import Mapping, Sequence

from counterpoint.report import units
from counterpoint.report.draw.dots import Row, dots
from counterpoint.report.draw.histogram import histogram
from counterpoint.report.parts import Plot, Section, Table
from counterpoint.report.people import Person, people
from counterpoint.report.record import Record
from counterpoint.report.sections.ownership import accuracy_by_ownership
from counterpoint.report.views import COMMON, OWN, View, in_words, views_of

TITLES = {
    "test": "own test",
    "global_test": "the global test",
    "validation": "own validation rows",
    "global_validation": "all validation rows",
}
MOST_ROWS = 40
"""Up to so many clients have a row each."""


def clients(record: Record) -> Section:
    """Accuracy by client, on their own tests and, of personal models, on the global test."""
    everyone = people(record.population)
    plots: list[Plot | None] = []
    for splits in (OWN, COMMON):
        over_clients = [view for view in views_of(record.curves, splits) if view.over == "clients"]
        by_view = {view: view.by_client(record.curves, "accuracy") for view in over_clients}
        found = {view: values for view, values in by_view.items() if values}
        if found:
            plots += [accuracy_by_client(found, everyone), accuracy_by_ownership(found, everyone)]
    lead = "Samples as they are, after the last scored round. Modalities are those that a client owns."
    return Section("clients", "By client", lead, plots=[plot for plot in plots if plot])


def accuracy_by_client(scores: Mapping[View, Mapping[int, float]], everyone: Mapping[int, Person]) -> Plot:
    """Accuracy of each client, best first: a row each, or a histogram if there are too many.

    Args:
        scores: by view, by client; of one split.
        everyone: who the clients are.
    """
    view = next(iter(scores))
    series = {view.moment: values for view, values in scores.items()}
    main = list(series.values())[-1]
    order = sorted((c for c in main if all(c in values for values in series.values())), key=lambda c: -main[c])
    means = {when: sum(values[c] for c in order) / len(order) for when, values in series.items()}
    told = "; ".join(
        f"{when}: mean {units.percent(means[when])}, worst {units.percent(min(values[c] for c in order))}, "
        f"best {units.percent(max(values[c] for c in order))}"
        for when, values in series.items()
    )
    title = f"Accuracy on {TITLES[view.split]}"
    name, alt = f"clients-{view.split}", f"{title} of {units.many(len(order), 'client')}. {told}."
    caption = f"{in_words(list(scores))}. "
    if len(order) <= MOST_ROWS:
        rows = _rows(order, series, everyone)
        svg, owned = dots(name, alt, rows, units.percent), list({row.kind for row in rows})
        caption += "Best first; an upright line is the mean."
        caption += f" All own {owned[0]}." if len(owned) == 1 else ""
        caption += " Hollow and dashed: before; full: after." if len(series) > 1 else ""
    else:
        svg = histogram(name, alt, {w: [v[c] for c in order] for w, v in series.items()}, units.percent)
        caption += "How many clients have which accuracy; an upright line is the mean."
    head = ["client", "modalities", "validation rows" if "validation" in view.split else "test rows", *series]
    cells = [
        [p.name, p.owns, units.number(p.test), *(units.percent(values[p.id]) for values in series.values())]
        for p in (everyone.get(c) or Person(c) for c in order)
    ]
    return Plot(title, svg, caption, Table(head, cells, words=2))


def _rows(order: Sequence[int], series: Mapping[str, Mapping[int, float]], everyone: Mapping[int, Person]) -> list[Row]:
    found = []
    for client in order:
        person = everyone.get(client) or Person(client)
        values = {when: of[client] for when, of in series.items()}
        found.append(Row(person.name, person.owns, values))
    return found
