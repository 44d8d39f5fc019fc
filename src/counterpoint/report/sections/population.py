"""Who took part, and what was drawn of the data."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from counterpoint.data.samples import PATTERN_SEPARATOR
from counterpoint.report import units
from counterpoint.report.draw.heat import heat
from counterpoint.report.parts import Plot, Section, Table
from counterpoint.report.people import Person, mapping, people
from counterpoint.report.record import Record

OWNERS = "main owners"
"""What the table of clients shows, and no list."""
MOST_CELLS = 4000
"""Of larger matrices the table shows sums by class only."""


def population(record: Record) -> Section:
    """Clients, their labels, modalities and what is missing."""
    return people_section(record.population)


def people_section(told: Mapping[str, Any]) -> Section:
    """The same, out of what `describe` tells of a population."""
    everyone = list(people(told).values())
    return Section(
        "population",
        "Population",
        facts=[*_sizes(told, everyone), *_modalities(told, everyone), *_drawn(told)],
        plots=[plot for plot in (labels(everyone), modalities(told, everyone)) if plot],
        tables=[
            table for table in (patterns(told, everyone), client_table(everyone, main_owners(told), told)) if table
        ],
    )


def labels(everyone: list[Person]) -> Plot | None:
    """Training rows by client and class, if known."""
    known = [person for person in everyone if person.labels]
    if not any(count for person in known for count in person.labels.values()):
        return None
    classes = list(dict.fromkeys(label for person in known for label in person.labels))
    counts = [[person.labels.get(label, 0) for label in classes] for person in known]
    sums = [sum(column) for column in zip(*counts, strict=True)]
    empty = sum(count == 0 for row in counts for count in row)
    alt = (
        f"Training rows of {units.many(len(known), 'client')} by class, a heat map. "
        f"{', '.join(f'{c}: {units.number(n)}' for c, n in list(zip(classes, sums, strict=True))[:20])}. "
        f"{units.number(empty)} of {units.number(len(known) * len(classes))} cells are empty."
    )
    svg = heat("labels", alt, counts, [person.name for person in known], classes)
    cells = [[p.name, *map(units.number, row)] for p, row in zip(known, counts, strict=True)]
    table = Table(["client", *classes], cells, sums=["all", *map(units.number, sums)])
    if len(known) * len(classes) > MOST_CELLS:
        table = Table(["class", "training rows"], [[c, units.number(n)] for c, n in zip(classes, sums, strict=True)])
    return Plot("Labels", svg, "Training rows by client and class; the darker, the more.", table)


def modalities(told: Mapping[str, Any], everyone: list[Person]) -> Plot | None:
    """Training rows by client and modality, if known; nothing if there is only one modality."""
    known = [person for person in everyone if person.patterns]
    names = list(mapping(told.get("modalities")))
    if not known or len(names) < 2:
        return None
    counts = [
        [sum(n for pattern, n in person.patterns.items() if name in pattern.split(PATTERN_SEPARATOR)) for name in names]
        for person in known
    ]
    owners = {
        name: sum(count > 0 for count in column) for name, column in zip(names, zip(*counts, strict=True), strict=True)
    }
    alt = (
        f"Training rows of {units.many(len(known), 'client')} by modality, a heat map. "
        f"Clients that have any: {', '.join(f'{name} {n}' for name, n in owners.items())}."
    )
    svg = heat("modalities", alt, counts, [person.name for person in known], names)
    cells = [[p.name, *map(units.number, row)] for p, row in zip(known, counts, strict=True)]
    every = ["all", *(units.number(sum(column)) for column in zip(*counts, strict=True))]
    caption = "Training rows that have each modality, by client; blank: none."
    return Plot("Modalities", svg, caption, Table(["client", *names], cells, sums=every))


def patterns(told: Mapping[str, Any], everyone: list[Person]) -> Table | None:
    """Rows by exactly which modalities they have."""
    held = "validation rows" if told.get("validation") else "global test rows"
    columns = {"training rows": Counter[str](), held: Counter[str]()}
    for person in everyone:
        columns["training rows"].update(person.patterns)
    columns[held].update(mapping(mapping(told.get("global_test")).get("patterns")))
    known = {title: counts for title, counts in columns.items() if counts}
    found = sorted({pattern for counts in known.values() for pattern in counts}, key=lambda p: (-p.count("+"), p))
    if not found:
        return None
    rows = [[pattern, *(units.number(counts[pattern]) for counts in known.values())] for pattern in found]
    return Table(["exactly", *known], rows, title="Which modalities rows have")


def main_owners(told: Mapping[str, Any]) -> Mapping[str, str]:
    """By name of a client, from whom most of its rows are, where owners were mixed."""
    return mapping(mapping(mapping(told.get("drawn")).get("partition")).get(OWNERS))


def client_table(everyone: list[Person], owners: Mapping[str, str], told: Mapping[str, Any]) -> Table | None:
    """The clients."""
    if not everyone:
        return None
    rows = [
        [str(p.id), p.name, p.owns, *([owners.get(p.name, units.UNKNOWN)] if owners else []), *_rows(p)]
        for p in everyone
    ]
    head = ["id", "client", "modalities", *(["most rows of"] if owners else []), "training rows"]
    head.append("validation rows" if told.get("validation") else "test rows")
    return Table(head, rows, words=4 if owners else 3, title="Clients")


def _rows(person: Person) -> list[str]:
    return [units.number(person.train), units.number(person.test)]


def _sizes(told: Mapping[str, Any], everyone: list[Person]) -> list[tuple[str, str]]:
    train, test, hidden = (sum(getattr(p, split) for p in everyone) for split in ("train", "test", "unlabelled"))
    rows, proxy, server = (mapping(told.get(whose)).get("rows", 0) for whose in ("global_test", "proxy", "server"))
    own, all_of_it = ("in the clients' own tests", "in the global test")
    if told.get("validation"):
        own, all_of_it = ("for the clients' own validation", "for validation in all")
    counts = {
        "for training": train,
        "for training without labels": hidden,
        own: test,
        all_of_it: rows,
        "without labels that everyone holds": proxy,
        "with labels that the server alone holds": server,
    }
    always = ("for training", own, all_of_it)
    return [
        ("clients", units.number(len(everyone))),
        ("rows", ", ".join(f"{count:,} {what}" for what, count in counts.items() if count or what in always)),
        ("classes", ", ".join(map(str, mapping(told.get("task")).get("classes", ()))) or units.UNKNOWN),
    ]


def _modalities(told: Mapping[str, Any], everyone: list[Person]) -> list[tuple[str, str]]:
    found = []
    for name, about in mapping(told.get("modalities")).items():
        shape = " × ".join(map(str, mapping(about).get("shape", ())))
        owners = sum(name in person.modalities for person in everyone)
        parts = [mapping(about).get("kind", ""), shape, mapping(about).get("unit", "")]
        sense = ", ".join(part for part in parts if part)
        found.append((f"modality {name}", f"{sense}; owned by {owners} of {units.many(len(everyone), 'client')}"))
    return found


def _drawn(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What partition and missingness asked for and what came out, whatever keys there are."""
    drawn = mapping(told.get("drawn"))
    known = {what: mapping(drawn.get(what)) for what in ("partition", "missing")}
    found = [(what, _listed({k: v for k, v in of.items() if k != OWNERS})) for what, of in known.items()]
    lost = mapping(drawn.get("test")).get("realised missing rate")
    if lost is not None:
        found.append(("missing in the global test", f"realised rate: {_value(lost, 'rate')}"))
    return [(what, text) for what, text in found if text]


def _listed(values: Mapping[str, Any]) -> str:
    named = {"spec": "asked"}
    return "; ".join(f"{named.get(key, key)}: {_value(value, key)}" for key, value in values.items())


def _value(value: Any, key: str) -> str:
    if isinstance(value, Mapping):
        return _listed(value).replace("; ", ", ")
    if isinstance(value, float) and "rate" in key:
        return units.percent(value)
    return units.number(value) if isinstance(value, int | float) else str(value)
