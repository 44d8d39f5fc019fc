"""How many rows there are: by class, by side, by owner."""

import statistics

import torch

from counterpoint.data.population import Dataset, Side
from counterpoint.report import units
from counterpoint.report.dataset.sample import MOST_CLASSES
from counterpoint.report.draw.bars import stacked
from counterpoint.report.parts import Card, CardGroup, Plot, Section, Table

SIDES = {Side.TRAIN: "training", Side.CLIENT_TEST: "clients' tests", Side.GLOBAL_TEST: "global test"}
MOST_BARS = 30


def sizes(dataset: Dataset) -> CardGroup:
    """The main numbers."""
    owners = int((dataset.owner.bincount() > 0).sum())
    cards = [
        Card("rows", units.number(len(dataset.samples))),
        Card("modalities", units.number(len(dataset.modalities))),
        Card("classes", units.number(len(dataset.task.classes))),
        Card("natural owners", units.number(owners) if owners > 1 else "none"),
    ]
    return CardGroup("The data set", "as its source gives it", cards)


def rows(dataset: Dataset) -> Section:
    """Rows by class and side, and how they are owned."""
    counts = sorted(count for count in dataset.owner.bincount().tolist() if count)
    owned = "nobody owns rows by nature: they must be dealt out"
    if len(counts) > 1:
        middle = statistics.median_low(counts)
        owned = f"{len(counts)}, with {counts[0]:,} to {counts[-1]:,} rows, half of them at most {middle:,}"
        if counts[0] == counts[-1]:
            owned = f"{len(counts)}, each with {middle:,} rows"
    patterns = dataset.samples.patterns()
    facts = [("natural owners", owned), ("patterns", ", ".join(f"{name}: {n:,} rows" for name, n in patterns.items()))]
    if not bool((dataset.side == Side.CLIENT_TEST).any()):
        facts.append(("clients' tests", "drawn out of the training rows once these are dealt out"))
    if len(dataset.task.classes) > MOST_CLASSES:
        facts.append(("samples below", f"of {MOST_CLASSES} classes, drawn by chance"))
    lead = "Before anything is dealt out or lost. A natural unit is on one side only."
    return Section("rows", "Rows", lead, facts=facts, plots=[by_class(dataset)])


def by_class(dataset: Dataset) -> Plot:
    """Rows of each class by side, the largest class first."""
    classes, label = dataset.task.classes, dataset.samples.label
    sides = [side for side in SIDES if bool((dataset.side == side).any())]
    counts = torch.stack([label[dataset.side == side].bincount(minlength=len(classes)) for side in sides], dim=1)
    order = counts.sum(dim=1).argsort(descending=True, stable=True).tolist()
    found = {classes[c]: dict(zip((SIDES[side] for side in sides), map(float, counts[c]), strict=True)) for c in order}
    shown = dict(list(found.items())[:MOST_BARS])
    told = ", ".join(f"{name}: {units.number(sum(row.values()))}" for name, row in list(shown.items())[:20])
    alt = f"Rows of {len(classes):,} classes by side, stacked bars. {told}."
    cells = [[name, *map(units.number, row.values()), units.number(sum(row.values()))] for name, row in found.items()]
    every = ["all", *(units.number(n) for n in counts.sum(dim=0).tolist()), units.number(int(counts.sum()))]
    caption = "The largest class first." + (f" The first {MOST_BARS} are drawn." if len(found) > len(shown) else "")
    table = Table(["class", *(SIDES[side] for side in sides), "all"], cells, sums=every)
    return Plot("By class", stacked("rows", alt, shown, units.number), caption, table)
