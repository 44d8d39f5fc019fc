"""Further models of the server's beside the one that the run is about: the same with fewer labels, say."""

import re
from collections.abc import Mapping

from counterpoint.evaluate import OBSERVED
from counterpoint.report import units
from counterpoint.report.draw.colours import look
from counterpoint.report.draw.lines import Line
from counterpoint.report.draw.named import named_lines
from counterpoint.report.parts import Plot, Section, Table
from counterpoint.report.record import Record
from counterpoint.report.sections.rounds import SHARE
from counterpoint.report.select import Curves, Points, last, where
from counterpoint.report.views import COMMON, View

_NAME = re.compile(r"(accuracy|macro_f1)\[(.*)\]", re.DOTALL)
WORDS = {"accuracy": "Accuracy", "macro_f1": "Macro-F1"}
MAIN = "all"


def of_other(measure: str) -> bool:
    """Whether a measure is one of a further model."""
    return _NAME.fullmatch(measure) is not None


def others(record: Record) -> Section:
    """Accuracy and macro-F1 of further models by round, and by what they are shown; nothing if there are none."""
    split = next((name for name in COMMON if where(record.curves, split=name, scope="server")), "")
    plots = [plot for measure in WORDS if (plot := _plot(record.curves, measure, split))]
    lead = "Further models of the server's, by name, beside the one that the run is about."
    return Section("others", "Further models", lead if plots else "", plots=plots)


def _plot(curves: Curves, measure: str, split: str) -> Plot | None:
    """Scores of samples as they are, a line a model; by pattern in the table."""
    main = View(split, "global", "before", "server")
    scores: dict[str, dict[str, Points]] = {MAIN: main.by_pattern(curves, measure)}
    for name, points in curves.items():
        if (match := _NAME.fullmatch(name.measure)) and match[1] == measure and name.split == split:
            scores.setdefault(match[2], {})[name.pattern] = points
    if len(scores) < 2:
        return None
    drawn = []
    for place, (model, found) in enumerate(scores.items()):
        style = look(place)
        drawn.append(Line(model, found[OBSERVED], style.colour, style.dash, style.marker))
    ends = "; ".join(f"{line.label}: {units.percent(line.points[-1][1])}" for line in drawn)
    alt = f"{WORDS[measure]} by round, a line a model. Last values: {ends}."
    svg = named_lines(f"others-{measure}", alt, drawn, units.percent, bounds=SHARE)
    return Plot(WORDS[measure], svg, f"On {main.what.partition(' on ')[2]}.", _by_pattern(scores))


def _by_pattern(scores: Mapping[str, Mapping[str, Points]]) -> Table:
    """Last values, a row a pattern, a column a model."""
    rows = [
        [
            pattern,
            *(units.percent(last(found[pattern])) if pattern in found else units.UNKNOWN for found in scores.values()),
        ]
        for pattern in scores[MAIN]
    ]
    return Table(["shown", *scores], rows)
