"""How evenly each method uses modalities, and serves classes."""

from dataclasses import replace

from counterpoint.report import units
from counterpoint.report.comparison.evidence import Evidence
from counterpoint.report.comparison.scale import SCALES, written
from counterpoint.report.parts import Section, Table

LEAD = (
    "On the global test after the last round, mean ± sample standard deviation over seeds. Weakest modality: accuracy "
    "where the model is shown only the modality that does worst, its name beside it. All less best: accuracy with all "
    "modalities shown, less that of the best one alone, of the samples that have them all. Classes: standard deviation "
    "of recalls over classes; the lower, the more evenly they are served."
)
SHARE = SCALES["accuracy"]
GAP = replace(SHARE, value=units.points)
HEAD = ["data", "method", "runs", "weakest modality", "all less best", "classes"]


def balance(evidence: Evidence) -> Section:
    """A table of all methods on all data whose runs recorded it."""
    rows = []
    for cell in evidence.numbers["cells"]:
        told = cell["balance"]
        if told["class_std"]["n"]:
            weakest = written(told["weakest"], SHARE, evidence.seeds, note=told["weakest"]["modality"] or "")
            others = [written(told[name], GAP, evidence.seeds) for name in ("fusion_gap", "class_std")]
            rows.append([cell["data"], cell["method"], units.number(cell["n"]), weakest, *others])
    title = "Balance of modalities and classes"
    tables = [Table(HEAD, rows, words=2, title=title)] if rows else []
    return Section("balance", "Balance", LEAD, tables=tables, large=True)
