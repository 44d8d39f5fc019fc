"""Scores against what they cost."""

from collections.abc import Callable, Mapping

from counterpoint.report import units
from counterpoint.report.draw.colours import look
from counterpoint.report.draw.lines import Line
from counterpoint.report.draw.named import Along, named_lines
from counterpoint.report.parts import Plot, Section, Table
from counterpoint.report.record import Record, training_seconds
from counterpoint.report.sections.break_even import given_once
from counterpoint.report.sections.rounds import SHARE, thinned
from counterpoint.report.sections.traffic import sent
from counterpoint.report.select import Points
from counterpoint.report.views import View, views

NAMES = {
    "test": "own tests",
    "global_test": "global test",
    "validation": "own validation rows",
    "global_validation": "all validation rows",
}


def worth(record: Record) -> Section:
    """Accuracy against bytes, if any were sent, and against time."""
    lead = (
        "Accuracy of samples as they are. Bytes are those of encoded packages, up and down over all clients, by the "
        "end of a round; time is that of training, without scoring and saving, shared out evenly over the rounds."
    )
    if once := given_once(record.curves):
        lead += f" Bytes begin with the {units.size(once)} that it takes to give the proxy rows to all clients once."
    found = {view: points for view in views(record.curves) if len(points := view.score(record.curves, "accuracy")) > 1}
    seconds = training_seconds(record.profile)
    each = seconds / record.done if record.done else 0.0
    numbers = {number for points in found.values() for number, _ in points}
    plots = [
        against("bytes", found, dict(sent(record.curves)), units.size),
        against("time", found, {number: each * number for number in numbers}, units.duration),
    ]
    return Section("worth", "Against bytes and time", lead, plots=[plot for plot in plots if plot])


def against(
    what: str, scores: Mapping[View, Points], costs: Mapping[int, float], write: Callable[[float], str]
) -> Plot | None:
    """Accuracy against a cost, a line a view; nothing where it cost nothing.

    Args:
        what: the cost is.
        scores: accuracy by round, by view.
        costs: until the end of each round.
        write: writes a cost.
    """
    return priced(f"worth-{what}", what, {_name(view, scores): points for view, points in scores.items()}, costs, write)


def priced(
    name: str,
    what: str,
    scores: Mapping[str, Points],
    costs: Mapping[int, float],
    write: Callable[[float], str],
    caption: str = "",
) -> Plot | None:
    """Accuracy against a cost, a line a score; nothing where it cost nothing.

    Args:
        name: of the plot.
        what: the cost is.
        scores: accuracy by round, by name.
        costs: until the end of each round.
        write: writes a cost.
        caption: what else is to be said.
    """
    if not scores or not any(costs.values()):
        return None
    drawn = []
    for number, (label, points) in enumerate(scores.items()):
        style = look(number)
        line = [(costs.get(at, 0.0), value) for at, value in points]
        drawn.append(Line(label, line, style.colour, style.dash, style.marker))
    ends = "; ".join(f"{line.label}: {units.percent(line.points[-1][1])}" for line in drawn)
    total = write(max(costs.values()))
    alt = f"Accuracy against {what}, a line chart. After {total}: {ends}."
    svg = named_lines(name, alt, drawn, units.percent, along=Along(what, write), bounds=SHARE)
    by_view = {line.label: dict(points) for line, points in zip(drawn, scores.values(), strict=True)}
    shown = thinned(sorted({at for points in scores.values() for at, _ in points}))
    rows = [
        [
            str(at),
            write(costs.get(at, 0.0)),
            *(units.percent(of[at]) if at in of else units.UNKNOWN for of in by_view.values()),
        ]
        for at in shown
    ]
    table = Table(["round", what, *by_view], rows)
    return Plot(f"Accuracy against {what}", svg, f"{total} in all.{caption}", table)


def _name(view: View, among: Mapping[View, Points]) -> str:
    where = NAMES[view.split]
    alike = sum(other.split == view.split for other in among)
    return where if alike == 1 else f"{where}, {view.moment}"
