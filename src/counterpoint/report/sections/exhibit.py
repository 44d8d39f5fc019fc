"""Pictures of an alignment: what finds what, and where embeddings lie before and after."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from counterpoint.data.text import unspell
from counterpoint.evaluate import plane
from counterpoint.report import units
from counterpoint.report.dataset.pictures import png
from counterpoint.report.dataset.texts import beginning
from counterpoint.report.draw.places import frequent, places
from counterpoint.report.draw.spark import spark
from counterpoint.report.parts import Plot, Searches, Section, Shown, Table
from counterpoint.report.people import mapping
from counterpoint.report.record import Record
from counterpoint.report.sections.retrieval import arrow

MOST_LETTERS = 90
CURVES = ("sequence", "audio")
TITLES = {"before": "Before the first round", "after": "After the last round"}
LEAD = (
    "Samples of the global test, drawn by chance. First what is searched with, then the five nearest by their "
    "embeddings, among all others; the number is their cosine."
)


def exhibit(record: Record) -> Section:
    """Searches and maps; nothing of methods that leave none, and of older folders."""
    kept = record.exhibit
    classes = [str(label) for label in mapping(record.population.get("task")).get("classes", ())]
    kinds = {m: str(mapping(of).get("kind")) for m, of in mapping(record.population.get("modalities")).items()}
    searches = list(_searches(kept, kinds, classes))
    return Section(
        "exhibit",
        "What finds what",
        LEAD if searches else "",
        searches=searches,
        plots=maps(kept, classes),
        large=True,
    )


def _searches(kept: Mapping[str, Any], kinds: Mapping[str, str], classes: Sequence[str]) -> Iterator[Searches]:
    for direction, told in sorted(kept.get("searches", {}).items()):
        samples, (by, sought) = kept["samples"], direction.split(">")
        rows = []
        for query, found, right, cosine, rank in zip(
            *(told[part].tolist() for part in ("query", "found", "right", "cosine", "rank")), strict=True
        ):
            asked = _shown(samples, by, query, kinds, classes, note=f"rank {units.number(rank)}")
            if kinds.get(sought) == "text":
                asked = replace(asked, note=f"{asked.note}, sought “{_words(samples, sought, query)}”")
            answers = [
                _shown(samples, sought, f, kinds, classes, right=r, note=f"{c:.2f}")
                for f, r, c in zip(found, right, cosine, strict=True)
            ]
            rows.append((asked, answers))
        hits = sum(any(answer.right for answer in answers) for _, answers in rows)
        caption = f"{hits} of {len(rows)} have a right one among them. A rank is that of the first right one."
        yield Searches(arrow(direction), caption, rows)


def _shown(
    samples: Mapping[str, Any],
    m: str,
    row: int,
    kinds: Mapping[str, str],
    classes: Sequence[str],
    *,
    right: bool | None = None,
    note: str = "",
) -> Shown:
    """One modality of a sample: a picture, a curve, a text; of a table the class must do."""
    label = _class(classes, int(samples["label"][row]))
    values = samples["x"][m][row].float()
    if kinds.get(m) == "image":
        return Shown(label, src=png(values), right=right, note=note)
    if kinds.get(m) in CURVES:
        curve = values.double().reshape(-1, values.shape[-1]).numpy()
        return Shown(label, src=spark(curve), right=right, note=note)
    words = _words(samples, m, row) if kinds.get(m) == "text" else m
    return Shown(label, words=words, right=right, note=note)


def _words(samples: Mapping[str, Any], m: str, row: int) -> str:
    return beginning(unspell(samples["x"][m][row].float()), MOST_LETTERS)


def maps(kept: Mapping[str, Any], classes: Sequence[str]) -> list[Plot]:
    """Embeddings in the plane that shows most of them after the last round, before the first and after the last."""
    moments = {moment: kept[moment] for moment in TITLES if moment in kept}
    if not moments:
        return []
    a, b = sorted(next(iter(moments.values())))
    last = list(moments.values())[-1]
    onto = plane(last[a], last[b])
    found = {moment: {m: onto.onto(z[m]).numpy() for m in (a, b)} for moment, z in moments.items()}
    every = np.concatenate([where for of in found.values() for where in of.values()])
    labels = [_class(classes, number) for number in kept["label"].tolist()]
    along = [
        f"{way} axis, {units.percent(share)} of variance"
        for way, share in zip(("first", "second"), onto.share.tolist(), strict=True)
    ]
    caption = (
        f"{units.many(len(labels), 'sample')}, each by its {a} and by its {b}. The first two principal components of "
        f"all embeddings {'after the last round' if 'after' in moments else 'before the first round'}"
        f"{'; one plane and one scale for both maps.' if len(moments) > 1 else '.'}"
    )
    drawn = []
    for moment, where in found.items():
        apart = _apart(moments[moment], a, b)
        alt = (
            f"{TITLES[moment]}: {units.many(len(labels), 'sample')} in a plane, by {a} and by {b}, coloured by class. "
            f"Mean distance of the two of a sample: {units.number(round(apart, 3))}."
        )
        reach = (every.min(0), every.max(0))
        svg = places(f"map-{moment}", alt, where, labels, reach, (along[0], along[1]))
        drawn.append(Plot(TITLES[moment], svg, caption, _centres(where, labels)))
    return drawn


def _apart(z: Mapping[str, Tensor], a: str, b: str) -> float:
    unit = [torch.nn.functional.normalize(z[m].double(), dim=1) for m in (a, b)]
    return float((unit[0] - unit[1]).norm(dim=1).mean())


def _centres(where: Mapping[str, np.ndarray[Any, Any]], labels: Sequence[str]) -> Table:
    """The mean place of each coloured class, a row a class."""
    of = np.asarray(labels, dtype=object)
    rows = []
    for label in frequent(labels):
        here = of == label
        centres = [units.number(round(float(v), 3)) for places in where.values() for v in places[here].mean(0)]
        rows.append([label, units.number(int(here.sum())), *centres])
    head = [f"{m}, {way} axis" for m in where for way in ("first", "second")]
    return Table(["class", "samples", *head], rows, title="Centres of classes")


def _class(classes: Sequence[str], number: int) -> str:
    return classes[number] if 0 <= number < len(classes) else units.UNKNOWN
