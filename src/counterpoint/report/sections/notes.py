"""What the method itself noted, and uploads that were refused."""

from counterpoint.report import units
from counterpoint.report.devices import of_devices
from counterpoint.report.draw.colours import DASHES, colour, marker
from counterpoint.report.draw.lines import Line
from counterpoint.report.parts import Code, Plot, Section
from counterpoint.report.record import Record
from counterpoint.report.sections.others import of_other
from counterpoint.report.sections.retrieval import of_alignment
from counterpoint.report.sections.rounds import curve_plot
from counterpoint.report.sections.training_balance import of_training
from counterpoint.report.select import Curves, Points, one

MEASURES = frozenset({"accuracy", "macro_f1", "auc", "loss", "samples", "refused"})
BALANCE = frozenset({"class_std", "fusion_gap", "majority", "contribution", "confidence"})
BY_BLOCK_OR_CLASS = ("bytes_up[", "bytes_down[", "total_bytes_up[", "total_bytes_down[", "confidence[")
PROXY = frozenset({"break_even", "told_rows", "row_bytes", "proxy_bytes"})
MOST_PLOTS, MOST_LINES, MOST_REFUSALS = 12, 8, 50


def refused(record: Record) -> Section:
    """Refused uploads by round and why, if there are any."""
    points = one(record.curves, measure="refused", scope="clients:sum")
    total = int(sum(value for _, value in points))
    if not total:
        return Section("refused", "Refused uploads")
    plot = curve_plot(
        "refused", "By round", "Uploads refused in each round.", [Line("refused", points)], units.number, from_zero=True
    )
    shown = record.refusals[-MOST_REFUSALS:]
    return Section(
        "refused",
        "Refused uploads",
        f"{units.many(total, 'upload')} refused; the rounds went on without them.",
        plots=[plot] if plot else [],
        codes=[Code(f"The last {len(shown)} of the log", "\n".join(shown))] if shown else [],
    )


def notes(record: Record) -> Section:
    """Every measure that is not one of Counterpoint's own."""
    found = noted(record.curves)
    plots = [note(measure, scopes) for measure, scopes in list(found.items())[:MOST_PLOTS]]
    more = len(found) - len(plots)
    lead = "What the method itself noted." + (f" {more} more are in metrics.parquet." if more > 0 else "")
    return Section("notes", "The method's own notes", lead, plots=[plot for plot in plots if plot])


def noted(curves: Curves) -> dict[str, dict[str, Points]]:
    """The method's own measures by round, by measure and scope."""
    found: dict[str, dict[str, Points]] = {}
    for name, points in sorted(curves.items()):
        own = name.measure in MEASURES | BALANCE | PROXY or name.measure.startswith(BY_BLOCK_OR_CLASS)
        own = own or of_devices(name) or of_training(name)
        if not own and not of_other(name.measure) and not of_alignment(curves, name.measure):
            parts = [p for p in (name.model, name.scope, name.split, name.pattern, name.moment) if p != "-"]
            found.setdefault(name.measure, {})[" ".join(parts) or "value"] = points
    return found


def note(measure: str, scopes: dict[str, Points]) -> Plot | None:
    """One measure by round, a line a scope."""
    drawn = [
        Line(scope, points, colour(n), DASHES[n % len(DASHES)], marker(n))
        for n, (scope, points) in enumerate(list(scopes.items())[:MOST_LINES])
    ]
    more = len(scopes) - len(drawn)
    caption = f"{more} more lines are in metrics.parquet." if more else drawn[0].label if len(drawn) == 1 else ""
    return curve_plot(f"note-{measure}", measure, caption, drawn, units.number)
