"""Tables: how the values of each column are spread, and how many are missing."""

import numpy as np
from numpy.typing import NDArray

from counterpoint.report import units
from counterpoint.report.dataset.sample import Sense
from counterpoint.report.draw.bars import grouped
from counterpoint.report.draw.ranges import Spread, ranges
from counterpoint.report.parts import Plot, Section, Table

LEVELS = (5, 25, 50, 75, 95)
MOST_BARS = 30
WORTH_A_PLOT = 0.001
"""Smaller shares of missing values are in the table alone."""
MOST_COLUMNS = 400
"""Of more columns the table shows the first."""


def tables(sense: Sense) -> Section:
    """Spread and missing values by column, of training rows."""
    values: NDArray[np.float64] = sense.seen.double().numpy()
    names = sense.modality.columns or tuple(f"column {n + 1}" for n in range(values.shape[1]))
    lead = f"{units.many(len(names), 'column')}. All numbers are those of training rows."
    missing = np.isnan(values).mean(axis=0) if len(values) else np.zeros(len(names))
    known = [n for n in range(len(names)) if missing[n] < 1 and len(values)]
    plots = [spread_plot(sense, names, values, known)] if known else []
    if missing.max(initial=0) >= WORTH_A_PLOT:
        plots.append(missing_plot(sense, names, missing))
    table = column_table(names, values, missing)
    return Section(
        f"modality-{sense.modality.name}", sense.modality.name, lead, sense.facts, plots=plots, tables=[table]
    )


def spread_plot(sense: Sense, names: tuple[str, ...], values: NDArray[np.float64], known: list[int]) -> Plot:
    """Quantiles of each column that has any value."""
    at = np.nanpercentile(values[:, known], LEVELS, axis=0).T
    found = [Spread(names[n], (a, b, c, d, e)) for n, (a, b, c, d, e) in zip(known, at.tolist(), strict=True)]
    widest = max(found, key=lambda spread: spread.at[4] - spread.at[0])
    alt = (
        f"{sense.modality.name}: how the values of {units.many(len(found), 'column')} are spread. "
        f"Medians from {_brief(at[:, 2].min())} to {_brief(at[:, 2].max())}; widest spread: {widest.label}, "
        f"nine rows of ten from {_brief(widest.at[0])} to {_brief(widest.at[4])}."
    )
    caption = "Pale or thin: nine rows of ten; dark or thick: the middle half; dot or line: the median."
    head = ["column", *(f"{level}%" for level in LEVELS)]
    cells = [[spread.label, *map(_brief, spread.at)] for spread in found[:MOST_COLUMNS]]
    return Plot("Spread", ranges(f"{sense.modality.name}-spread", alt, found), caption, Table(head, cells))


def missing_plot(sense: Sense, names: tuple[str, ...], missing: NDArray[np.float64]) -> Plot:
    """Shares missing, the most first."""
    order = [n for n in np.argsort(-missing, kind="stable").tolist() if missing[n] > 0]
    rows = {names[n]: {"missing": float(missing[n])} for n in order[:MOST_BARS]}
    told = ", ".join(f"{name}: {units.percent(row['missing'])}" for name, row in list(rows.items())[:10])
    alt = f"{sense.modality.name}: share of missing values by column, bars, the most first. {told}."
    complete = len(names) - len(order)
    caption = f"{units.many(complete, 'column')} of {len(names)} {'is' if complete == 1 else 'are'} complete."
    cells = [[names[n], share(missing[n])] for n in order[:MOST_COLUMNS]]
    svg = grouped(f"{sense.modality.name}-missing", alt, rows, units.percent, 1.16)
    return Plot("Missing", svg, caption, Table(["column", "missing"], cells))


def column_table(names: tuple[str, ...], values: NDArray[np.float64], missing: NDArray[np.float64]) -> Table:
    """The columns, those first of which most is missing."""
    order = np.argsort(-missing, kind="stable").tolist()[:MOST_COLUMNS]
    cells = []
    for n in order:
        column = values[:, n][~np.isnan(values[:, n])]
        told = [column.mean(), column.std(), column.min(), column.max()] if len(column) else []
        numbers = [_brief(v, told[1]) for v in told] or [units.UNKNOWN] * 4
        cells.append([names[n], share(missing[n]), units.number(len(np.unique(column))), *numbers])
    title = "Columns" if len(order) == len(names) else f"{len(order)} of {len(names):,} columns"
    return Table(["column", "missing", "distinct values", "mean", "std", "lowest", "highest"], cells, title=title)


def share(value: float) -> str:
    """A share that is only called nothing where it is."""
    return units.Written("0%" if value == 0 else "< 0.1%", value) if value < 0.001 else units.percent(value)


def _brief(value: float, scale: float = 0.0) -> str:
    """Three digits; nothing where it is next to nothing on the scale of its column."""
    return units.number(0 if abs(value) < 1e-4 * scale else float(f"{value:.3g}"))
