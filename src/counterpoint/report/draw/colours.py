"""Colours of plots. Drawings name them by placeholders, which become variables of the page's style sheet."""

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
