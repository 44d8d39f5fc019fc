"""Texts: samples of each class, as they are written."""

from itertools import groupby

from counterpoint.data.text import unspell
from counterpoint.report import units
from counterpoint.report.dataset.sample import Sense
from counterpoint.report.parts import Section

MOST_LETTERS = 300
"""Longer texts are cut on the page."""


def texts(sense: Sense) -> Section:
    """Samples by class, and how long texts are."""
    (most,) = sense.modality.shape
    length = (sense.seen != 0).sum(dim=1)
    facts = list(sense.facts)
    if len(length):
        low, middle, high = (int(v) for v in (length.min(), length.median(), length.max()))
        full = int((sense.seen[:, -4:] != 0).any(dim=1).sum())
        cut = f"; {units.many(full, 'text')} may have been cut" if full else ""
        facts.append(("length", f"{low} to {high} bytes, half of them no more than {middle}{cut}"))
    for label, group in groupby(sense.picks, lambda pick: pick.label):
        facts.append(
            (label, "\n".join(f"{pick.number} · “{beginning(unspell(sense.values[pick.row]))}”" for pick in group))
        )
    lead = f"UTF-8, {most} bytes at most. Lengths are those of training rows."
    return Section(f"modality-{sense.modality.name}", sense.modality.name, lead, facts=facts)


def beginning(text: str, most: int = MOST_LETTERS) -> str:
    """A text, or so much of it, with a sign that it goes on."""
    return text if len(text) <= most else f"{text[:most]}…"
