"""Cells of tables as HTML, with what they are sorted by."""

import math
from collections.abc import Sequence

from markupsafe import Markup, escape

from counterpoint.report.parts import Marked
from counterpoint.report.units import Written


def cells(row: Sequence[str]) -> Markup:
    """The cells of a row. One that does not read as its value carries it as `data-v`."""
    return Markup("").join(map(_cell, row))


def _cell(text: str) -> Markup:
    beside = Markup("")
    if isinstance(text, Marked):
        beside += Markup("<b>{}</b> ").format(text.mark) if text.mark else Markup("")
        beside += Markup("<i>{}</i> ").format(text.note) if text.note else Markup("")
    if isinstance(text, Written) and math.isfinite(text.value) and (value := f"{text.value:.6g}") != text:
        return Markup('<td data-v="{}">{}{}</td>').format(value, beside, str(text))
    return Markup("<td>{}{}</td>").format(beside, escape(str(text)))
