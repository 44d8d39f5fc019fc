"""What devices spent, and what came of it."""

from collections.abc import Mapping
from statistics import fmean

from counterpoint.report import units
from counterpoint.report.devices import each, joules, left_of_all, shares, spent, spent_by, summed
from counterpoint.report.draw.bars import stacked
from counterpoint.report.draw.colours import colour, marker
from counterpoint.report.draw.lines import Line
from counterpoint.report.parts import Plot, Section, Table
from counterpoint.report.people import Person, people
from counterpoint.report.record import Record
from counterpoint.report.sections.rounds import SHARE, curve_plot
from counterpoint.report.sections.traffic import by_round
from counterpoint.report.sections.worth import NAMES, priced
from counterpoint.report.select import Curves, Points, last, one
from counterpoint.report.views import COMMON, OWN, views_of

MOST_BARS = 30
"""Clients that have a bar each."""


def energy(record: Record) -> Section:
    """Accuracy against joules and bytes, batteries, who was there, joules by client; nothing where none is told."""
    curves, who = record.curves, "peer" if record.network else "client"
    plots = [
        against_joules(curves, who),
        against_sent(curves, who) if joules(curves) else None,
        batteries(curves, who),
        silent(curves, who),
        there(curves, who),
        seconds(curves, who),
        by_client(curves, people(record.population), who),
    ]
    title, lead = "Devices", f"Which {who}s' devices were there, as they are simulated."
    if joules(curves):
        lead = (
            "What computing and sending took on the devices, as they are simulated, and what is left. Joules and bytes "
            f"are those of all {who}s by the end of a round."
        )
        title = "Energy"
    facts = _facts(curves, who, len(people(record.population)))
    return Section("energy", title, lead, facts=facts, plots=[plot for plot in plots if plot])


def _facts(curves: Curves, who: str, count: int) -> list[tuple[str, str]]:
    found = []
    if used := joules(curves):
        parts = ", ".join(f"{units.joules(value)} to {what}" for what, value in used.items())
        found.append(("spent", f"{units.joules(sum(used.values()))}: {parts}"))
    share = left_of_all(curves, count)
    if share is not None:
        text = f"{units.percent(share)} of what all held at the start is left"
        empty = sum(last(points) <= 0 for points in each(curves, "battery").values())
        found.append(("batteries", text + (f"; {units.many(empty, who)} empty" if empty else "")))
    if quiet := one(curves, measure="silent", scope="clients:sum"):
        rounds = sum(value > 0 for _, value in quiet)
        never = "nobody, in any round"
        some = f"up to {units.many(int(max(v for _, v in quiet)), who)}, in {rounds} of {len(quiet)} rounds"
        found.append(("silent", some if rounds else never))
    return found


def scores(curves: Curves, who: str) -> tuple[dict[str, Points], str]:
    """Accuracy of the mean and of the worst client by round, and what it was taken on."""
    found = [v for v in (*views_of(curves, OWN), *views_of(curves, COMMON)) if v.over == "clients"]
    if not found:
        return {}, ""
    view = found[0]
    lines = {"mean": view.score(curves, "accuracy"), f"worst {who}": view.score(curves, "accuracy", "clients:worst")}
    return {label: points for label, points in lines.items() if points}, NAMES[view.split]


def against_joules(curves: Curves, who: str) -> Plot | None:
    """Accuracy against joules, computing and sending."""
    lines, where = scores(curves, who)
    return priced("energy-joules", "joules", lines, dict(spent(curves)), units.joules, f" Accuracy on {where}.")


def against_sent(curves: Curves, who: str) -> Plot | None:
    """Accuracy against bytes that clients sent; what they heard does not count."""
    lines, where = scores(curves, who)
    sent = {number: int(value) for number, value in summed(by_round(curves)["up"].values())}
    caption = f" Accuracy on {where}. What a {who} sends to several at once counts once."
    return priced("energy-bytes", "bytes sent", lines, sent, units.size, caption)


def by_client(curves: Curves, everyone: Mapping[int, Person], who: str) -> Plot | None:
    """Joules by client: a bar each, of many the ones that spent most."""
    found, whole = spent_by(curves)
    if not found:
        return None
    order = sorted(found, key=lambda client: (-sum(found[client].values()), client))
    most, least = (units.joules(sum(found[client].values())) for client in (order[0], order[-1]))
    when = "All rounds" if whole else "The last round"
    alt = (
        f"Joules of {units.many(len(order), who)} to compute and to send, stacked bars. From {least} to {most}. {when}."
    )
    names = {client: (everyone.get(client) or Person(client)).name for client in order}
    unique = len(set(names.values())) == len(names)
    rows = {names[c] if unique else f"{names[c]} ({c})": found[c] for c in order[:MOST_BARS]}
    some = f"; the {MOST_BARS} of {len(order)} that spent most" if len(order) > MOST_BARS else ""
    cells = [
        [names[c], *(units.joules(v) for v in found[c].values()), units.joules(sum(found[c].values()))] for c in order
    ]
    table = Table([who, *found[order[0]], "both"], cells)
    svg = stacked("energy-clients", alt, rows, units.joules, unit=0.22)
    return Plot(f"Joules by {who}", svg, f"{when}{some}.", table)


def batteries(curves: Curves, who: str) -> Plot | None:
    """What is left in batteries by round: shares where each client's start is known, else joules."""
    found, title, lowest = shares(curves), "Battery left", f"lowest {who}"
    rounds = {number for points in found.values() for number, _ in points}
    if len(rounds) > 1:
        by_number = {n: [of[n] for of in map(dict, found.values()) if n in of] for n in sorted(rounds)}
        mean = [(n, fmean(values)) for n, values in by_number.items()]
        band = [(min(values), max(values)) for values in by_number.values()]
        drawn = [
            Line("mean", mean, colour(0), "-", marker(0), band=band),
            Line(lowest, [(n, low) for n, (low, _) in zip(by_number, band, strict=True)], colour(1), ":", marker(1)),
        ]
        caption = f"Share of what each held at the start; the band reaches from the lowest to the highest {who}."
        return curve_plot("energy-battery", title, caption, drawn, units.percent, bounds=SHARE)
    drawn = [
        Line(label, one(curves, measure="battery", scope=f"clients:{how}"), colour(n), dash, marker(n))
        for n, (label, how, dash) in enumerate((("mean", "mean", "-"), (lowest, "worst", ":")))
    ]
    return curve_plot("energy-battery", title, f"Joules of a {who}.", drawn, units.joules, from_zero=True)


def silent(curves: Curves, who: str) -> Plot | None:
    """How many clients were silent, by round; nothing where nobody ever was."""
    points = one(curves, measure="silent", scope="clients:sum")
    if not any(value for _, value in points):
        return None
    caption = f"{who.capitalize()}s that nobody heard in a round: short of energy, away, or late."
    drawn = [Line("silent", points, colour(0), "-", marker(0))]
    return curve_plot("energy-silent", f"Silent {who}s", caption, drawn, _whole, from_zero=True)


def there(curves: Curves, who: str) -> Plot | None:
    """How many clients were there, and how many uploads came too late, by round."""
    words = {"available": "available", "late": "too late"}
    found = {label: one(curves, measure=measure, scope="clients:sum") for measure, label in words.items()}
    drawn = [Line(label, of, colour(n), "-:"[n], marker(n)) for n, (label, of) in enumerate(found.items())]
    caption = f"{who.capitalize()}s that were there, and packages that came after the deadline."
    return curve_plot("energy-there", "Who was there", caption, drawn, _whole, from_zero=True)


def seconds(curves: Curves, who: str) -> Plot | None:
    """What a round took on the devices."""
    hows = {
        "mean": ("seconds", "mean"),
        f"slowest {who}": ("seconds", "worst"),
        "the round": ("round_seconds", "worst"),
    }
    found = {label: one(curves, measure=measure, scope=f"clients:{how}") for label, (measure, how) in hows.items()}
    drawn = [Line(label, of, colour(n), "-:-"[n], marker(n)) for n, (label, of) in enumerate(found.items())]
    caption = "Computing and sending on the simulated devices."
    return curve_plot("energy-seconds", "Time of a round", caption, drawn, units.brief, from_zero=True)


def _whole(value: float) -> str:
    """A count; nothing at ticks between two."""
    return units.number(value) if value == round(value) else ""
