"""Scores by the modalities that a model is shown."""

from collections.abc import Mapping

from counterpoint.experiments import Condition
from counterpoint.report import units
from counterpoint.report.comparison.evidence import Evidence, scale_of
from counterpoint.report.comparison.scale import written
from counterpoint.report.draw.whiskers import Bar, spots, whiskers
from counterpoint.report.parts import Plot, Section, Table

MOST_BARS = 36
"""More are drawn as dots, a row a pattern."""


def patterns(evidence: Evidence) -> Section:
    """A plot a column that has more than one pattern."""
    lead = (
        "Score on the global test after the last round, mean and standard deviation over seeds, where the model is "
        "shown only these modalities, of the samples that have them all. “As they are”: every sample with whatever it "
        "has. Of retrieval, image>text: with images, texts are sought."
    )
    plots = [plot for condition in evidence.conditions if (plot := _pattern_plot(evidence, condition))]
    return Section("patterns", "By modalities present", lead, plots=plots, large=True)


def _pattern_plot(evidence: Evidence, condition: Condition) -> Plot | None:
    scale, cells = scale_of(condition), evidence.cells(condition)
    scored = {
        pattern: {label: cell["patterns"][pattern] for label, cell in cells.items() if cell["patterns"][pattern]["n"]}
        for pattern in evidence.column(condition)["patterns"]
    }
    scored = {pattern: of for pattern, of in scored.items() if of}
    if len(scored) < 2:
        return None
    whole = {label: cell["scores"]["held-out"] for label, cell in cells.items() if cell["scores"]["held-out"]["n"]}
    groups: Mapping[str, Mapping[str, Bar]] = {
        pattern: {label: Bar(score["mean"], score["std"]) for label, score in of.items()}
        for pattern, of in {"as they are": whole, **scored}.items()
    }
    told = "; ".join(
        f"{pattern}: {', '.join(f'{label} {scale.value(bar.mean)}' for label, bar in bars.items())}"
        for pattern, bars in groups.items()
    )
    many = sum(map(len, groups.values())) > MOST_BARS
    alt = f"{condition.label}: {scale.words} by modalities present, {'dots' if many else 'bars'}. {told}."
    draw = spots if many else whiskers
    most = scale.bounds[1] if scale.bounds else None
    svg = draw(f"patterns-{condition.label}", alt, groups, evidence.looks, scale.value, most)
    rows = [
        [pattern, *(written(of[label], scale, evidence.seeds) if label in of else units.UNKNOWN for label in cells)]
        for pattern, of in {"as they are": whole, **scored}.items()
    ]
    words = f"{scale.words[0].upper()}{scale.words[1:]}"
    caption = f"{words} on the global test; the line is one standard deviation to either side."
    return Plot(condition.label, svg, caption, Table(["pattern", *cells], rows))
