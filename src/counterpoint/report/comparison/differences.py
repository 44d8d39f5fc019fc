"""Differences to the reference, seed by seed."""

from counterpoint.experiments import Condition
from counterpoint.experiments.numbers import SIGNIFICANT
from counterpoint.report import units
from counterpoint.report.comparison.evidence import Evidence, scale_of
from counterpoint.report.comparison.scale import chance
from counterpoint.report.comparison.scores import few_seeds
from counterpoint.report.draw.forest import Gap, forest
from counterpoint.report.parts import Plot, Section, Table
from counterpoint.report.units import Written


def differences(evidence: Evidence) -> Section:
    """A forest plot for each column; nothing where there is only one row."""
    lead = (
        f"Score on the global test minus that of {evidence.reference} with the same seed: equal seeds start from the "
        "same weights and lose the same modalities. Bars are 95% t intervals of the mean difference over seeds; p is "
        f"that of the paired t test, corrected by Holm over the methods of a plot. Full: p below {SIGNIFICANT:g}. "
        + few_seeds(evidence)
    )
    plots = [plot for condition in evidence.conditions if (plot := _forest(evidence, condition))]
    return Section("differences", f"Differences to {evidence.reference}", lead.strip(), plots=plots, large=True)


def _forest(evidence: Evidence, condition: Condition) -> Plot | None:
    scale, looks = scale_of(condition), evidence.looks
    found = {label: d for label, cell in evidence.cells(condition).items() if (d := cell["difference"])}
    if not found:
        return None
    gaps, rows, told = [], [], []
    for label, d in found.items():
        p = chance(d["p_holm"])
        sure = d["p_holm"] is not None and d["p_holm"] < SIGNIFICANT
        note = "one seed" if d["p_holm"] is None else f"p {p}"
        gaps.append(Gap(d["mean"], d["low"], d["high"], sure, note, looks[label]))
        ends = [units.UNKNOWN if d[end] is None else _signed(scale.gap(d[end])) for end in ("low", "high")]
        rows.append([label, units.number(d["n"]), _signed(scale.gap(d["mean"])), *ends, chance(d["p"]), p])
        told.append(f"{label}: {_signed(scale.gap(d['mean']))} ({note})")
    alt = f"{condition.label}: differences in {scale.words} to {evidence.reference}, with intervals. {'; '.join(told)}."
    sides = ("better", "worse") if scale.lower else ("worse", "better")
    svg = forest(f"differences-{condition.label}", alt, gaps, scale.gap, sides)
    head = ["method", "seeds", "difference", "low", "high", "p", "p (Holm)"]
    return Plot(condition.label, svg, f"Difference in {scale.words}.", Table(head, rows))


def _signed(text: Written) -> Written:
    return Written(f"+{text}" if text.value > 0 else text.replace("-", "−"), text.value)
