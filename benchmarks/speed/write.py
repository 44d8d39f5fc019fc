"""How numbers and tables are written."""

import re
from collections.abc import Iterable, Sequence

from benchmarks.speed.figures import Spread

NONE = "–"


def digits(value: float) -> str:
    """Three significant digits, never as a power of ten."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def spread(found: Spread | None, factor: float = 1.0, unit: str = "") -> str:
    """`median (least to most) unit`; a dash where there is nothing."""
    if found is None:
        return NONE
    scaled = found.times(factor)
    ends = digits(scaled.low), digits(scaled.high)
    return f"{digits(scaled.middle)}{unit}" + (f" ({ends[0]} to {ends[1]})" if ends[0] != ends[1] else "")


def middle(found: Spread | None, factor: float = 1.0) -> str:
    """The median alone."""
    return digits(found.middle * factor) if found else NONE


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A Markdown table; the first columns stand left, the others right."""
    lines = [head, ["---"] * left + ["---:"] * (len(head) - left), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def sections(text: str) -> dict[str, str]:
    """The paragraphs below each `## KEY` of a text, by key."""
    parts = re.split(r"^## +(\S+) *$", text, flags=re.MULTILINE)[1:]
    return {key: words.strip() for key, words in zip(parts[::2], parts[1::2], strict=True) if words.strip()}
