"""Colours of plots. Drawings name them by placeholders, which become variables of the page's style sheet."""

from dataclasses import dataclass

INK, MUTED, GRID, PAPER = (f"#0000{n:02x}" for n in (1, 2, 3, 4))
SERIES = tuple(f"#0000{0xA1 + n:02x}" for n in range(7))
"""Told apart by people with any colour vision; the style sheet has a set for light and one for dark pages."""

VARIABLES = {INK: "--ink", MUTED: "--muted", GRID: "--grid", PAPER: "--paper"} | {
    colour: f"--series-{n + 1}" for n, colour in enumerate(SERIES)
}

MARKERS = "osD^vPX"
DASHES = ("-", "--", "-.", ":")


def colour(number: int) -> str:
    """The colour of the series of this number; those beyond the palette are muted."""
    return SERIES[number] if number < len(SERIES) else MUTED


def marker(number: int) -> str:
    """The marker of the series of this number."""
    return MARKERS[number % len(MARKERS)]


@dataclass(frozen=True)
class Look:
    """How one of many series is told from the others: by colour, dashes, marker, and a name that fits beside a plot."""

    colour: str
    dash: str
    marker: str
    name: str = ""


def look(number: int, name: str = "") -> Look:
    """The look of the series of this number: colours repeat after seven, but with other dashes and markers."""
    turn = number // len(SERIES)
    return Look(SERIES[number % len(SERIES)], DASHES[turn % len(DASHES)], MARKERS[(number + turn) % len(MARKERS)], name)
