"""What travelled."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate

from counterpoint.report import units
from counterpoint.report.draw.bars import stacked
from counterpoint.report.draw.colours import SERIES, colour, marker
from counterpoint.report.draw.histogram import histogram
from counterpoint.report.draw.lines import Line
from counterpoint.report.parts import Plot, Section, Table
from counterpoint.report.people import Person, people
from counterpoint.report.record import Record
from counterpoint.report.sections.break_even import break_even, given_once
from counterpoint.report.sections.clients import MOST_ROWS
from counterpoint.report.sections.rounds import curve_plot
from counterpoint.report.select import Curves, Points, client_of, last

DIRECTIONS = ("up", "down")
_NAME = re.compile(r"(total_)?bytes_(up|down)\[(.*)\]", re.DOTALL)


def traffic(record: Record) -> Section:
    """Bytes by block, by round, and by client."""
    found = [
        bytes_by_block(record.curves),
        bytes_by_round(record.curves),
        bytes_by_client(record.curves, people(record.population)),
        break_even(record.curves),
    ]
    down = "Up is what a peer sends, down what it hears" if record.network else "Down is from the server to clients"
    lead = (
        f"Bytes of encoded packages, over all clients. {down}. "
        "Envelope: what a package holds beside its values, such as names and shapes."
    )
    return Section("bytes", "What travelled", lead, plots=[plot for plot in found if plot])


def by_round(curves: Curves) -> dict[str, dict[str, Points]]:
    """Bytes by round, by direction and block."""
    found: dict[str, dict[str, Points]] = {direction: {} for direction in DIRECTIONS}
    for name, points in curves.items():
        match = _NAME.fullmatch(name.measure)
        if match and not match[1] and name.scope == "clients:sum":
            found[match[2]][match[3]] = points
    return found


def totals(curves: Curves) -> dict[str, float]:
    """Bytes of all rounds, by direction."""
    return {
        direction: sum(value for points in blocks.values() for _, value in points)
        for direction, blocks in by_round(curves).items()
    }


def sent(curves: Curves) -> Points:
    """Bytes up and down by the end of each round, and before the first what every client is given once."""
    each: Counter[int] = Counter()
    for blocks in by_round(curves).values():
        for points in blocks.values():
            each.update({number: int(value) for number, value in points})
    numbers = sorted(each)
    sums = list(zip(numbers, accumulate(each[number] for number in numbers), strict=True))
    once = given_once(curves)
    return [(0, once), *((number, once + value) for number, value in sums)] if once else sums


def bytes_by_block(curves: Curves) -> Plot | None:
    """Bytes of all rounds, by block and direction."""
    sums = {
        direction: Counter({block: sum(v for _, v in points) for block, points in blocks.items()})
        for direction, blocks in by_round(curves).items()
    }
    both = sums["up"] + sums["down"]
    if not both:
        return None
    blocks = [block for block, _ in sorted(both.items(), key=lambda item: (-item[1], item[0]))]
    shown = blocks if len(blocks) <= len(SERIES) else blocks[: len(SERIES) - 1]
    rows: dict[str, dict[str, float]] = {d: {block: sums[d][block] for block in shown} for d in DIRECTIONS}
    if len(shown) < len(blocks):
        for direction in DIRECTIONS:
            rows[direction]["all others"] = sum(sums[direction][block] for block in blocks[len(shown) :])
    told = " and ".join(f"{units.size(sum(sums[d].values()))} {d}" for d in DIRECTIONS)
    alt = f"Bytes up and down, stacked by block. {told}. Largest block: {blocks[0]}, {units.size(both[blocks[0]])}."
    cells = [[block, *(units.size(sums[d][block]) for d in DIRECTIONS)] for block in blocks]
    every = ["all", *(units.size(sum(sums[d].values())) for d in DIRECTIONS)]
    svg = stacked("bytes-block", alt, rows, units.size, unit=0.5)
    return Plot("By block", svg, f"All rounds: {told}.", Table(["block", *DIRECTIONS], cells, sums=every))


def bytes_by_round(curves: Curves) -> Plot | None:
    """Bytes up to each round."""
    drawn = []
    for n, (direction, blocks) in enumerate(by_round(curves).items()):
        per_round: Counter[int] = Counter()
        for points in blocks.values():
            per_round.update({number: int(value) for number, value in points})
        numbers = sorted(per_round)
        sums = list(zip(numbers, accumulate(per_round[number] for number in numbers), strict=True))
        drawn.append(Line(direction, sums, colour(n), "-" if n == 0 else "--", marker(n)))
    return curve_plot("bytes-round", "Up to each round", "Cumulative.", drawn, units.size, from_zero=True)


def bytes_by_client(curves: Curves, everyone: Mapping[int, Person]) -> Plot | None:
    """Bytes of all rounds by client: a row each, or a histogram if there are too many."""
    found: dict[int, dict[str, float]] = {}
    for name, points in curves.items():
        match, client = _NAME.fullmatch(name.measure), client_of(name.scope)
        if match and match[1] and client is not None:
            sums = found.setdefault(client, dict.fromkeys(DIRECTIONS, 0.0))
            sums[match[2]] += last(points)
    if not found:
        return None
    order = sorted(found, key=lambda client: (-sum(found[client].values()), client))
    most, least = (sum(found[client].values()) for client in (order[0], order[-1]))
    alt = f"Bytes of {units.many(len(order), 'client')}: from {units.size(least)} to {units.size(most)}."
    persons = [everyone.get(client) or Person(client) for client in order]
    if len(order) <= MOST_ROWS:
        svg = stacked("bytes-client", alt, _rows(persons, found), units.size, unit=0.24)
    else:
        series = {direction: [found[client][direction] for client in order] for direction in DIRECTIONS}
        svg = histogram("bytes-client", alt, series, units.size)
    cells = [[p.name, p.owns, *(units.size(found[p.id][d]) for d in DIRECTIONS)] for p in persons]
    caption = "All rounds, the client with most bytes first." if len(order) <= MOST_ROWS else "All rounds."
    return Plot("By client", svg, caption, Table(["client", "modalities", *DIRECTIONS], cells, words=2))


def _rows(persons: Sequence[Person], found: Mapping[int, Mapping[str, float]]) -> dict[str, Mapping[str, float]]:
    names = Counter(person.name for person in persons)
    return {p.name if names[p.name] == 1 else f"{p.name} ({p.id})": found[p.id] for p in persons}
