"""How evenly modalities train: steps, speeds, imbalance, and how far clients' models are apart."""

import re
from collections.abc import Callable, Mapping
from math import isfinite, log10
from statistics import fmean

from counterpoint.evaluate import OBSERVED, MetricName
from counterpoint.report import units
from counterpoint.report.devices import each
from counterpoint.report.draw.colours import DASHES, colour, marker
from counterpoint.report.draw.lines import Line
from counterpoint.report.parts import Plot, Section
from counterpoint.report.record import Record
from counterpoint.report.sections.rounds import curve_plot
from counterpoint.report.select import Curves, Points, by, one

MEASURES = frozenset({"imbalance", "consensus_distance", "common_distance"})
DECADES = 1.5
"""Where values span more powers of ten than this, their axis is logarithmic."""
_NAME = re.compile(r"(steps|speed)\[(.*)\]", re.DOTALL)


def of_training(name: MetricName) -> bool:
    """Whether a metric tells of clients' steps, of their speeds, or of how far they are apart."""
    known = name.measure in MEASURES or _NAME.fullmatch(name.measure) is not None
    return known and name.scope.startswith(("client:", "clients:"))


def training_balance(record: Record) -> Section:
    """Steps and speeds by modality, imbalance, distances; nothing of runs that record none of them."""
    curves, who = record.curves, "peer" if record.network else "client"
    plots = [steps(curves, who), speeds(curves, who), imbalance(curves, who), consensus(curves, who), common(curves)]
    lead = (
        "Speed is how much a modality's parameters change in one local step, relative to their size; imbalance is the "
        "fastest modality's speed over the slowest's, less one: 0 is even."
    )
    told = any(name.measure.startswith("speed[") for name in curves)
    found = [plot for plot in plots if plot]
    return Section("pace", "Balance of training", lead if told else "", plots=found)


def steps(curves: Curves, who: str) -> Plot | None:
    """Local steps by modality and round."""
    caption = f"Mean over {who}s. The band reaches from the fewest to the most."
    return _plot("pace-steps", "Local steps", caption, _of_modalities(curves, "steps"), units.number, from_zero=True)


def speeds(curves: Curves, who: str) -> Plot | None:
    """Speed by modality and round."""
    caption = (
        f"Relative change of parameters a step, mean over {who}s. The band reaches from the slowest to the fastest."
    )
    return _plot("pace-speed", "Speed", caption, _of_modalities(curves, "speed"), units.number)


def imbalance(curves: Curves, who: str) -> Plot | None:
    """Imbalance by round: mean and worst."""
    drawn = {f"worst {who}" if how == "worst" else how: _over(curves, "imbalance", how) for how in ("mean", "worst")}
    caption = f"Over {who}s; the lower, the more even."
    return _plot("pace-imbalance", "Imbalance of speeds", caption, _lines(drawn), units.number)


def consensus(curves: Curves, who: str) -> Plot | None:
    """How far models are from their mean, by round."""
    drawn = _lines({"mean": one(curves, measure="consensus_distance", scope="clients:mean")})
    caption = f"How far the {who}s' parameters are from their mean over all {who}s; 0 is agreement."
    return _plot("pace-consensus", "Consensus distance", caption, drawn, units.number)


def common(curves: Curves) -> Plot | None:
    """How far features of one class are apart between clients, by modality and round."""
    splits = {name.split for name in curves if name.measure == "common_distance"}
    split = next((s for s in ("global_test", "test", "global_validation", "validation", "-") if s in splits), "-")
    found = by("pattern", curves, measure="common_distance", scope="clients:mean", split=split)
    drawn = _lines({"all" if pattern in (OBSERVED, "-") else pattern: points for pattern, points in found.items()})
    where = f", on {split.replace('_', ' ')} rows" if split != "-" else ""
    caption = f"How far common features of the same class are apart between devices{where}; the lower, the more alike."
    return _plot("pace-common", "Distance of common features", caption, drawn, units.number)


def _of_modalities(curves: Curves, measure: str) -> list[Line]:
    """A line a modality, with a band over clients where each is recorded in every round."""
    found = sorted({match[2] for name in curves if (match := _NAME.fullmatch(name.measure)) and match[1] == measure})
    drawn = []
    for n, modality in enumerate(found):
        name = f"{measure}[{modality}]"
        points, of_clients = _over(curves, name, "mean"), each(curves, name)
        by_number: dict[int, list[float]] = {}
        for own in of_clients.values():
            for number, value in own:
                if isfinite(value):
                    by_number.setdefault(number, []).append(value)
        whole = bool(points) and all(number in by_number for number, _ in points)
        band = [(min(by_number[number]), max(by_number[number])) for number, _ in points] if whole else ()
        drawn.append(Line(modality, points, colour(n), DASHES[n % len(DASHES)], marker(n), band=band))
    return drawn


def _over(curves: Curves, measure: str, how: str) -> Points:
    """A measure over clients by round: as it is recorded, or else made of each client's."""
    if points := one(curves, measure=measure, scope=f"clients:{how}"):
        return points
    by_number: dict[int, list[float]] = {}
    for own in each(curves, measure).values():
        for number, value in own:
            by_number.setdefault(number, []).append(value)
    whole = {number: [v for v in values if isfinite(v)] for number, values in sorted(by_number.items())}
    return [(number, (fmean if how == "mean" else max)(values)) for number, values in whole.items() if values]


def _lines(found: Mapping[str, Points]) -> list[Line]:
    return [
        Line(label, points, colour(n), DASHES[n % len(DASHES)], marker(n))
        for n, (label, points) in enumerate(found.items())
        if points
    ]


def _plot(
    name: str,
    title: str,
    caption: str,
    drawn: list[Line],
    value: Callable[[float], str],
    *,
    from_zero: bool = False,
) -> Plot | None:
    """Lines over rounds, on a logarithmic axis where they span decades."""
    shown = [v for line in drawn for _, v in line.points if isfinite(v)]
    shown += [v for line in drawn for pair in line.band for v in pair]
    wide = bool(shown) and not from_zero and min(shown) > 0 and log10(max(shown) / min(shown)) > DECADES
    caption = caption if wide is False else f"{caption} The axis is logarithmic."
    if not any(line.band for line in drawn):
        caption = re.sub(r" The band reaches [^.]*\.", "", caption)
    return curve_plot(name, title, caption, drawn, value, from_zero=from_zero, decades=wide)
