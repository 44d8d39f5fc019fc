"""Scores by round."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from counterpoint.evaluate import OBSERVED
from counterpoint.report import units
from counterpoint.report.draw.colours import DASHES, colour, marker
from counterpoint.report.draw.lines import Line, lines
from counterpoint.report.parts import Plot, Section, Table
from counterpoint.report.record import Record
from counterpoint.report.select import Curves, Points
from counterpoint.report.views import COMMON, OWN, View, in_words, views, views_of

MOST_ROUNDS = 40
"""Tables of curves show at most so many rounds."""
SHARE = (0.0, 1.0)
Number = TypeVar("Number", bound=float)


def rounds(record: Record) -> Section:
    """Accuracy, AUC where there are two classes, and loss by round."""
    curves = record.curves
    plots = [accuracy_by_pattern(curves, view) for view in views_of(curves, COMMON)]
    plots += [own_test(curves), area(curves), loss(curves)]
    every = record.config.evaluate.every
    lead = "Scored after every round." if every == 1 else f"Scored every {every} rounds, and after the last."
    return Section("rounds", "By round", lead, plots=[plot for plot in plots if plot])


def accuracy_by_pattern(curves: Curves, view: View) -> Plot | None:
    """Accuracy on the global test, a line a pattern."""
    found = view.by_pattern(curves, "accuracy")
    drawn = [pattern_line(n, pattern, points) for n, (pattern, points) in enumerate(found.items())]
    caption = (
        f"{view.words}. “As they are”: every sample with what it has. A named pattern: "
        "only these modalities are shown, of the samples that have them all."
    )
    if view.over == "clients":
        caption += " Each line is the mean over the clients that can be scored."
    return curve_plot(
        f"accuracy-{view.name}",
        "Accuracy on all validation rows" if view.split == "global_validation" else "Accuracy on the global test",
        caption,
        drawn,
        units.percent,
        bounds=SHARE,
    )


def own_test(curves: Curves) -> Plot | None:
    """Accuracy on the clients' own tests: mean with spread, and worst."""
    drawn = []
    found = [view for view in views_of(curves, OWN) if view.over == "clients"]
    for n, view in enumerate(found):
        mean, worst = (view.score(curves, "accuracy", f"clients:{how}") for how in ("mean", "worst"))
        spread = [value for _, value in view.score(curves, "accuracy", "clients:std")]
        suffix = "" if len(found) == 1 else f" {view.moment}"
        drawn.append(Line(f"mean{suffix}", mean, colour(n), "-", marker(n), spread if len(spread) == len(mean) else ()))
        drawn.append(Line(f"worst{suffix}", worst, colour(n), ":", marker(n)))
    if not drawn:
        return None
    note = "Every client counts once; the band is one standard deviation over clients to either side of the mean."
    title = "Accuracy on own validation rows" if found[0].split == "validation" else "Accuracy on own tests"
    return curve_plot("own-test", title, f"{in_words(found)}. {note}", drawn, units.percent, bounds=SHARE)


def area(curves: Curves) -> Plot | None:
    """AUC of samples as they are, a line a view; nothing where there are not two classes."""
    caption = "Area under the ROC curve, of samples as they are; where there is a score a client, their mean."
    return curve_plot("auc", "AUC", caption, _by_view(curves, "auc"), units.percent, bounds=SHARE)


def loss(curves: Curves) -> Plot | None:
    """Mean cross-entropy of samples as they are, a line a view."""
    caption = "Mean cross-entropy of samples as they are; where there is a score a client, their mean."
    return curve_plot("loss", "Loss", caption, _by_view(curves, "loss"), units.number)


def _by_view(curves: Curves, measure: str) -> list[Line]:
    drawn = []
    for n, view in enumerate(views(curves)):
        tests = "validation" if "validation" in view.split else "test"
        label = f"{'global' if view.common else 'own'} {tests}, {view.moment}"
        points = view.score(curves, measure)
        drawn.append(Line(label, points, colour(n), DASHES[n % len(DASHES)], marker(n)))
    return drawn


def pattern_line(number: int, pattern: str, points: Points) -> Line:
    """The line of a pattern; the first is that of samples as they are."""
    if number == 0:
        return Line("as they are" if pattern == OBSERVED else pattern, points)
    return Line(pattern, points, colour(number - 1), DASHES[1 + (number - 1) % 3], marker(number - 1))


def curve_plot(
    name: str,
    title: str,
    caption: str,
    drawn: Sequence[Line],
    value: Callable[[float], str],
    *,
    bounds: tuple[float, float] | None = None,
    from_zero: bool = False,
    decades: bool = False,
) -> Plot | None:
    """Lines over rounds, with their values in a table; nothing if there are none."""
    shown = [line for line in drawn if line.points]
    if not shown:
        return None
    ends = "; ".join(f"{line.label}: {value(line.points[-1][1])}" for line in shown)
    alt = f"{title} by round, a line chart. Last values: {ends}."
    table = curve_table({line.label: line.points for line in shown}, value)
    svg = lines(name, alt, shown, value, bounds=bounds, from_zero=from_zero, decades=decades)
    return Plot(title, svg, caption, table)


def curve_table(curves: Mapping[str, Sequence[tuple[float, float]]], value: Callable[[float], str]) -> Table:
    """Values by round; of very many rounds some, among them the last."""
    shown = thinned(sorted({number for points in curves.values() for number, _ in points}))
    cells = {label: dict(points) for label, points in curves.items()}
    rows = [[str(n), *(value(c[n]) if n in c else units.UNKNOWN for c in cells.values())] for n in shown]
    return Table(["round", *curves], rows)


def thinned(numbers: Sequence[Number], most: int = MOST_ROUNDS) -> list[Number]:
    """At most so many of these, evenly apart, among them the last."""
    step = max(1, -(-len(numbers) // most))
    return list(numbers[::-1][::step][::-1])
