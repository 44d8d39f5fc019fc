"""Ranks over data."""

from string import ascii_lowercase

from counterpoint.report import units
from counterpoint.report.comparison.evidence import Evidence
from counterpoint.report.comparison.scale import chance
from counterpoint.report.draw.ranking import ranking
from counterpoint.report.parts import Plot, Section, Table

FEW = 5
"""With fewer data sets only very large differences of rank can be told from chance."""


def ranks(evidence: Evidence) -> Section:
    """The critical-difference diagram, or what is missing for one."""
    told = evidence.numbers["ranks"]
    title = "Ranks over data"
    if told is None:
        return Section("ranks", title, facts=[("no ranks", f"{evidence.numbers['no_ranks']}.")])
    mean_rank, groups = told["mean_rank"], told["groups"]
    listed = "; ".join(f"{label} {rank:.2f}" for label, rank in mean_rank.items())
    bars = "; ".join(", ".join(group) for group in groups) or "none"
    critical = told["critical_difference"]
    alt = (
        f"Critical-difference diagram. Mean ranks, the best first: {listed}. Critical difference: {critical:.2f}. "
        f"Not told apart: {bars}."
    )
    svg = ranking("ranks", alt, mean_rank, critical, groups, evidence.looks)
    letters = {
        label: " ".join(letter for letter, group in zip(ascii_lowercase, groups, strict=False) if label in group)
        for label in mean_rank
    }
    rows = [
        [label, units.Written(f"{rank:.2f}", rank), letters[label] or units.UNKNOWN]
        for label, rank in mean_rank.items()
    ]
    blocks = units.many(len(told["blocks"]), "column")
    lead = (
        f"In each of {blocks} methods are ranked by their mean on the global test, 1 for the best; the mean over "
        "columns is shown. An upright bar joins methods that are not told apart: their ranks lie closer than the "
        f"critical difference (Nemenyi, 0.05). That all are alike: p {chance(told['friedman_p'])} (Friedman)."
    )
    if told["data_sets"] < len(told["blocks"]):
        lead += (
            f" The columns are of {units.many(told['data_sets'], 'data set')}: the same data dealt out in several ways "
            "are not independent, so the test promises more than it can keep."
        )
    if len(told["blocks"]) < FEW:
        lead += f" With fewer than {FEW} columns hardly any difference can be told from chance."
    if told["left_out"]:
        lead += f" Left out, for want of a score on some data: {', '.join(told['left_out'])}."
    table = Table(["method", "mean rank", "groups"], rows)
    caption = "In the table, methods that share a letter are not told apart."
    return Section("ranks", title, lead, plots=[Plot("Critical differences", svg, caption, table)], large=True)
