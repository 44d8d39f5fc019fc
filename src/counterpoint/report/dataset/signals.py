"""Sequences: traces of samples over time."""

from itertools import groupby

from counterpoint.report import units
from counterpoint.report.dataset.sample import Pick, Sense
from counterpoint.report.draw.colours import SERIES
from counterpoint.report.draw.traces import Panel, traces
from counterpoint.report.parts import Plot, Section, Table


def signals(sense: Sense) -> Section:
    """A figure a class, a row a sample."""
    modality = sense.modality
    channels, steps = modality.shape
    long = f" ({units.number(steps / modality.rate)} s at {units.number(modality.rate)} Hz)" if modality.rate else ""
    measured = f", in {modality.unit}" if modality.unit else ""
    some = f" The first {len(SERIES)} channels are drawn." if channels > len(SERIES) else ""
    lead = (
        f"{units.many(channels, 'channel')} of {units.many(steps, 'step')}{long}{measured}. Above each sample its "
        f"number and its owner; one scale for all samples of a class.{some}"
    )
    plots = [class_plot(sense, label, list(group)) for label, group in groupby(sense.picks, lambda pick: pick.label)]
    return Section(f"modality-{modality.name}", modality.name, lead, facts=sense.facts, plots=plots)


def class_plot(sense: Sense, label: str, picks: list[Pick]) -> Plot:
    """Samples of one class, one below the other."""
    modality = sense.modality
    shown = [sense.values[pick.row, : len(SERIES)].double().numpy() for pick in picks]
    names = [f"channel {n + 1}" for n in range(len(shown[0]))]
    cells = [
        [f"{pick.number}", name, *(units.number(float(f"{v:.4g}")) for v in (x.mean(), x.std(), x.min(), x.max()))]
        for pick, values in zip(picks, shown, strict=True)
        for name, x in zip(names, values, strict=True)
    ]
    panels = [
        Panel(" · ".join(filter(None, (str(p.number), p.owner))), values)
        for p, values in zip(picks, shown, strict=True)
    ]
    low, high = min(float(v.min()) for v in shown), max(float(v.max()) for v in shown)
    what = f"{units.many(len(picks), 'sample')} of class {label}, {units.many(len(names), 'channel')} over time"
    alt = f"{modality.name}: {what}, lines. Values from {units.number(low)} to {units.number(high)} {modality.unit}."
    svg = traces(f"{modality.name}-{picks[0].number}", alt.strip(), panels, names, modality.unit, modality.rate)
    table = Table(["sample", "channel", "mean", "std", "lowest", "highest"], cells, words=2)
    return Plot(label, svg, "", table)
