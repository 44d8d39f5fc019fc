"""How evenly a model uses its modalities: what each contributes, and which dominates."""

from collections.abc import Mapping, Sequence
from math import isfinite

from counterpoint.evaluate.contribution import MOST_PLAYERS
from counterpoint.report import units
from counterpoint.report.draw.colours import DASHES, colour, marker
from counterpoint.report.draw.heat import NAMED_ROWS, heat
from counterpoint.report.draw.lines import Line
from counterpoint.report.draw.steps import steps
from counterpoint.report.parts import Plot, Section, Table
from counterpoint.report.people import mapping
from counterpoint.report.record import Record
from counterpoint.report.sections.rounds import SHARE, curve_plot
from counterpoint.report.select import Curves, Points, last
from counterpoint.report.views import COMMON, View, views_of

LEAD = (
    "Contributions are Shapley values: what showing a modality adds to accuracy, averaged over all orders in which "
    "modalities may be shown, of the samples that have them all. Confidence is the mean probability of the true class "
    "with one modality shown, of the samples that have it; the modality that has most dominates."
)

RECALLS = "Standard deviation of recalls over classes, of samples as they are:"


def imbalance(record: Record) -> Section:
    """Contributions, confidence by round and by class; nothing of one modality, and of runs that did not record it."""
    names = sorted(mapping(record.population.get("modalities")))
    classes = [str(label) for label in mapping(record.population.get("task")).get("classes", ())]
    facts: list[tuple[str, str]] = []
    plots: list[Plot | None] = []
    for view in views_of(record.curves, COMMON):
        sure = {m: points for m in names if (points := view.score(record.curves, "confidence", pattern=m))}
        if len(names) > 1 and sure:
            facts += _facts(record.curves, view, names, sure)
            plots += [contributions(record.curves, view, names), dominance(view, sure, names)]
            plots.append(by_class(record.curves, view, list(sure), classes))
    return Section("balance", "Balance of modalities", LEAD, facts=facts, plots=[plot for plot in plots if plot])


def _facts(curves: Curves, view: View, names: Sequence[str], sure: Mapping[str, Points]) -> list[tuple[str, str]]:
    whole = "+".join(names)
    gap, spread = view.score(curves, "fusion_gap", pattern=whole), view.score(curves, "class_std")
    found = []
    if gap:
        of_clients = " Mean over the clients that own all modalities." if view.over == "clients" else ""
        found.append(("all together", _ahead(last(gap)) + of_clients))
    else:
        found.append(("all together", f"{_nobody(view)}, so none can be compared with another."))
    if len(names) > MOST_PLAYERS:
        why = f"Left out, for there are {len(names)} modalities: a Shapley value needs the accuracy of every pattern"
        found.append(("contributions", f"{why}, and of more than {MOST_PLAYERS} modalities not every one is scored."))
    found.append(("dominates", _dominates(sure)))
    if spread:
        found.append(("classes", f"{RECALLS} {units.points(last(spread))}."))
    return found


def _nobody(view: View) -> str:
    nowhere = "No sample of the test has all modalities"
    return f"{nowhere}, or no client owns all" if view.over == "clients" else nowhere


def _ahead(gap: float) -> str:
    if round(gap, 3) == 0:
        return "With all modalities shown, accuracy is that of the best one alone."
    where = "above" if gap > 0 else "below"
    return (
        f"With all modalities shown, accuracy is {units.points(abs(gap))} {where} that of the best one alone, on the "
        "same samples."
    )


def _dominates(sure: Mapping[str, Points]) -> str:
    """Who does after the last round, and in how many of those that were scored."""
    ends = {m: last(points) for m, points in sure.items()}
    first = _most(ends)
    if len(ends) == 1:
        return f"{first}; nothing is known of others."
    each = [dict(points) for points in sure.values()]
    common = set.intersection(*(set(points) for points in each))
    leads = sum(dict(sure[first])[n] == max(points[n] for points in each) for n in common)
    others = ", ".join(f"{units.percent(value)} of {m}" for m, value in ends.items() if m != first)
    told = f"{first}: confidence {units.percent(ends[first])}, against {others}."
    return f"{told} It leads after {leads} of {units.many(len(common), 'scored round')}."


def contributions(curves: Curves, view: View, names: Sequence[str]) -> Plot | None:
    """What each modality adds, from the accuracy of the most frequent class to that of all shown."""
    base = view.score(curves, "majority", pattern="+".join(names))
    found = {m: last(points) for m in names if (points := view.score(curves, "contribution", pattern=m))}
    if not base or len(found) < len(names):
        return None
    parts = dict(sorted(found.items(), key=lambda item: -item[1]))
    start, end = last(base), last(base) + sum(found.values())
    told = ", ".join(f"{m} {_signed(value)}" for m, value in parts.items())
    alt = (
        f"Contributions to accuracy, bars in steps. Most frequent class: {units.percent(start)}; {told}; all shown: "
        f"{units.percent(end)}."
    )
    caption = f"{view.words}. From always saying the most frequent class to all modalities shown."
    caption += " Means over the clients that own all modalities." if view.over == "clients" else ""
    svg = steps(
        f"contributions-{view.name}",
        alt,
        ("most frequent class", start),
        parts,
        "all shown",
        units.percent,
        _signed,
        [colour(names.index(m)) for m in parts],
    )
    rows = [[m, _signed(value)] for m, value in parts.items()]
    table = Table(["modality", "contribution"], rows, sums=["all", _signed(end - start)])
    return Plot("Contributions to accuracy", svg, caption, table)


def _signed(value: float) -> units.Written:
    shown = round(value, 3) + 0.0  # + 0.0 makes -0 a 0
    return units.Written(("+" if shown > 0 else "") + units.points(shown), value)


def dominance(view: View, sure: Mapping[str, Points], names: Sequence[str]) -> Plot | None:
    """Confidence by round, a line a modality."""
    numbers = {m: n for n, m in enumerate(names)}
    drawn = [
        Line(m, points, colour(numbers[m]), DASHES[numbers[m] % len(DASHES)], marker(numbers[m]))
        for m, points in sure.items()
    ]
    caption = f"{view.words}. Mean probability of the true class with one modality shown, each class counting once."
    caption += _means(view)
    return curve_plot(
        f"confidence-{view.name}", "Confidence of each modality", caption, drawn, units.percent, bounds=SHARE
    )


def by_class(curves: Curves, view: View, names: Sequence[str], classes: Sequence[str]) -> Plot | None:
    """Confidence after the last round by class and modality."""
    found = {
        label: {m: last(points) for m in names if (points := view.score(curves, f"confidence[{label}]", pattern=m))}
        for label in classes
    }
    known = {label: values for label, values in found.items() if values}
    if not known or len(names) < 2:
        return None
    cells = [[100 * _share(values.get(m, 0.0)) for m in names] for values in known.values()]
    leads = [_most(values) for values in known.values()]
    counts = ", ".join(f"{m} {leads.count(m)}" for m in names)
    told = "; ".join(
        f"{label}: {', '.join(f'{m} {units.percent(v)}' for m, v in values.items())}"
        for label, values in list(known.items())[:20]
    )
    alt = f"Confidence by class and modality, a heat map. {told}. Classes in which a modality dominates: {counts}."
    caption = f"{view.words}, in per cent; the darker, the surer. Classes in which a modality dominates: {counts}."
    name = f"confidence-classes-{view.name}"
    if len(known) <= NAMED_ROWS:
        svg = heat(name, alt, cells, list(known), names)
    else:
        svg = heat(name, alt, list(zip(*cells, strict=True)), names, list(known))
    rows = [
        [label, *(units.percent(values[m]) if m in values else units.UNKNOWN for m in names), lead]
        for (label, values), lead in zip(known.items(), leads, strict=True)
    ]
    return Plot("Confidence by class", svg, caption + _means(view), Table(["class", *names, "dominates"], rows))


def _most(values: Mapping[str, float]) -> str:
    """Whose value is largest; what is not finite is smallest."""
    return max(values, key=lambda m: values[m] if isfinite(values[m]) else -1.0)


def _share(value: float) -> float:
    return value if isfinite(value) else 0.0


def _means(view: View) -> str:
    return " Means over the clients that own the modality." if view.over == "clients" else ""
