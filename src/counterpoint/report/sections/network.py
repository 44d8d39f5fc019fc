"""Who talks to whom where there is no server, and how each peer fared."""

import re
from collections.abc import Mapping, Sequence
from statistics import fmean

from counterpoint.report import units
from counterpoint.report.devices import each
from counterpoint.report.draw.colours import colour, marker
from counterpoint.report.draw.lines import Line
from counterpoint.report.draw.network import Moment, Network, Pair, steps, svg, told
from counterpoint.report.draw.spots import layout
from counterpoint.report.moments import edges_of, moments, view_of_peers
from counterpoint.report.parts import Plot, Section, Steps, Table
from counterpoint.report.people import Person, people
from counterpoint.report.record import Record
from counterpoint.report.sections.energy import scores
from counterpoint.report.sections.rounds import SHARE, curve_plot
from counterpoint.report.views import COMMON

MOST_PEERS = 100
"""Up to so many are drawn singly."""
TITLE = "Peers and their links"
LINES = "A line joins two that can talk in this round."


def network(record: Record) -> Section:
    """The network round by round; of more than 100 peers curves of them all; nothing where there is a server."""
    clients: Sequence[int] = record.network.get("clients", ())
    if not clients:
        return Section("network", "Who talks to whom")
    many = len(clients) > MOST_PEERS
    shown = [] if many else moments(record)
    plot = _picture(record, clients, shown) if shown else _together(record)
    lead = "There is no server: after local training, peers exchange models with those that they are joined to."
    if many:
        lead += f" {len(clients)} peers are too many to be drawn singly; here is what they reach together."
    return Section("network", "Who talks to whom", lead, facts=_facts(record), plots=[plot] if plot else [], large=True)


def _facts(record: Record) -> list[tuple[str, str]]:
    clients, said = record.network["clients"], record.network.get("edges", {})
    rounds = sorted(int(since) for since in said if int(since) <= max(record.done, 1))
    first = edges_of(record.network, rounds[0]) if rounds else []
    counts = [len(near) for near in neighbours(len(clients), first).values()]
    few, most = min(counts), max(counts)
    reach = f"{few} each" if few == most else f"{few} to {most} each, {fmean(counts):.1f} in the mean"
    anew = f"; drawn anew {units.many(len(rounds) - 1, 'time')}, here is round {rounds[0]}" if len(rounds) > 1 else ""
    links = f"{units.many(len(first), 'pair')} of {units.many(len(clients), 'peer')} can talk"
    return [
        ("topology", str(record.network.get("topology", units.UNKNOWN))),
        ("links", links),
        ("neighbours", reach + anew),
    ]


def neighbours(count: int, edges: Sequence[Pair]) -> dict[int, list[int]]:
    """The numbers of the peers that each can talk to."""
    found: dict[int, list[int]] = {number: [] for number in range(count)}
    for a, b in edges:
        found[a].append(b)
        found[b].append(a)
    return {number: sorted(near) for number, near in found.items()}


def labels(persons: Sequence[Person]) -> list[str]:
    """What is written on each peer: its name if all are brief, else the number in it if all have one, else its id."""
    names = [person.name for person in persons]
    for found in (names, [_number(name) for name in names]):
        if len(set(found)) == len(found) and all(1 <= len(label) <= 3 for label in found):
            return found
    return [str(person.id) for person in persons]


def titles(persons: Sequence[Person]) -> list[str]:
    """The name of each peer, and what is written on it where that does not follow from the name."""
    found = zip((person.name for person in persons), labels(persons), strict=True)
    return [name if label in (name, _number(name)) else f"{name} ({label})" for name, label in found]


def _number(name: str) -> str:
    """The last number in a name."""
    found = [match[0] for match in re.finditer(r"\d+", name)]
    return found[-1] if found else ""


def _picture(record: Record, clients: Sequence[int], shown: Sequence[Moment]) -> Plot:
    everyone, view = people(record.population), view_of_peers(record)
    persons = [everyone.get(client) or Person(client) for client in clients]
    topology, first = str(record.network.get("topology", "")), edges_of(record.network, 1)
    what = "global test" if view is not None and view.split in COMMON else "own test"
    drawn = Network(
        titles(persons),
        labels(persons),
        layout(topology, record.network["places"], first),
        shown,
        what,
    )
    end = shown[-1]
    alt = (
        f"A network of {units.many(len(clients), 'peer')}, {topology}: {units.many(len(end.edges), 'line')} join those "
        f"that can talk; colours are accuracies, rings batteries. {told(end)}"
    )
    ring = ", the ring what is left in its battery" if any(v is not None for m in shown for v in m.battery) else ""
    caption = f"A disc is a peer: the colour is its accuracy{ring}. {LINES}"
    if any(any(moment.silent) for moment in shown):
        caption += " Hollow and dashed: silent."
    if len(shown) == 1 and record.done > 1:
        caption += " Of so many peers single ones are recorded in the last round only."
    return Plot(
        TITLE,
        svg(drawn, alt),
        caption,
        _table(record, persons, shown),
        steps=Steps(told(end), len(shown), steps(drawn)),
    )


def _table(record: Record, persons: Sequence[Person], shown: Sequence[Moment]) -> Table:
    """How each peer fared, after the last round."""
    end = shown[-1]
    near = neighbours(len(persons), end.edges)
    head, charged = ["peer", "modalities", "neighbours", "accuracy"], any(v is not None for v in end.battery)
    silent = each(record.curves, "silent")
    quiet = [sum(value > 0 for _, value in silent.get(person.id, ())) for person in persons]
    rows = []
    for n, (title, person) in enumerate(zip(titles(persons), persons, strict=True)):
        row = [title, person.owns, units.number(len(near[n])), _share(end.accuracy[n])]
        row += [_share(end.battery[n])] if charged else []
        row += [units.number(quiet[n])] if any(quiet) else []
        rows.append(row)
    head += ["battery left"] if charged else []
    head += ["silent rounds" if len(shown) > 1 else "silent"] if any(quiet) else []
    return Table(head, rows, words=2, title=f"After round {end.round}")


def _share(value: float | None) -> str:
    return units.UNKNOWN if value is None else units.percent(value)


def _together(record: Record) -> Plot | None:
    lines, where = scores(record.curves, "peer")
    looks: Mapping[int, str] = {0: "-", 1: ":"}
    drawn = [Line(label, of, colour(n), looks[n], marker(n)) for n, (label, of) in enumerate(lines.items())]
    return curve_plot("network-accuracy", "Accuracy of peers", f"On {where}.", drawn, units.percent, bounds=SHARE)
