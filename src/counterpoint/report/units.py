"""Numbers as people read them."""

import math
from typing import Self

BYTE_UNITS = ("B", "kB", "MB", "GB", "TB")
JOULE_UNITS = ((1e6, "MJ"), (1e3, "kJ"), (1.0, "J"), (1e-3, "mJ"), (1e-6, "µJ"))
UNKNOWN = "–"


class Written(str):
    """A number as it is written. Tables are sorted by the value, not by the text.

    Attributes:
        value: the number.
    """

    value: float

    def __new__(cls, text: str, value: float) -> Self:
        """The text of a number."""
        written = super().__new__(cls, text)
        written.value = value
        return written


def percent(value: float) -> Written:
    """A share, for example `56.2%`."""
    return Written(f"{100 * value:.1f}%" if math.isfinite(value) else "not finite", value)


def points(value: float) -> Written:
    """A difference of shares in percentage points, for example `7.3 pp`."""
    return Written(f"{100 * value:.1f} pp" if math.isfinite(value) else "not finite", value)


def number(value: float) -> Written:
    """Four significant digits; whole numbers with thousands apart."""
    if not math.isfinite(value):
        return Written("not finite", value)
    return Written(f"{int(value):,}" if value == int(value) and abs(value) < 1e15 else f"{value:.4g}", value)


def size(count: float) -> Written:
    """A number of bytes in decimal units, for example `7.96 MB`."""
    unit, shown = 0, count
    while abs(shown) >= 999.5 and unit < len(BYTE_UNITS) - 1:
        shown /= 1000
        unit += 1
    return Written(f"{shown:.0f} B" if unit == 0 else f"{shown:.3g} {BYTE_UNITS[unit]}", count)


def joules(value: float) -> Written:
    """An energy, for example `12.5 kJ`, `3.1 J`, `40 mJ`."""
    if not math.isfinite(value):
        return Written("not finite", value)
    if value == 0:
        return Written("0 J", value)
    scale, unit = next((pair for pair in JOULE_UNITS if abs(value) >= 0.9995 * pair[0]), JOULE_UNITS[-1])
    return Written(f"{value / scale:.3g} {unit}", value)


def duration(seconds: float) -> Written:
    """A time, for example `7.8 s`, `3 min`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 59.95:
        text = f"{seconds:.1f} s" if seconds >= 0.1 or seconds == 0 else f"{1000 * seconds:.0f} ms"
        return Written(text, seconds)
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (0 if hours else rest, "s")]
    return Written(" ".join(f"{count} {unit}" for count, unit in parts if count), seconds)


def brief(seconds: float) -> Written:
    """A time that may be very short, for example `1.2 s`, `0.41 ms`, `12.5 µs`."""
    if seconds >= 59.95:
        return duration(seconds)
    if seconds >= 0.9995:
        return Written(f"{seconds:.3g} s", seconds)
    text = f"{1e3 * seconds:.3g} ms" if seconds >= 1e-4 or seconds == 0 else f"{1e6 * seconds:.3g} µs"
    return Written(text, seconds)


def many(count: int, thing: str) -> str:
    """A count of things, for example `1 round`, `8 rounds`."""
    return f"{count:,} {thing}" + ("" if count == 1 else "s")


def short(text: str, most: int = 22) -> str:
    """A text that fits beside a plot: its middle is left out if it is long, and what cannot be printed too."""
    clean = "".join(c if c.isprintable() else "?" for c in text)
    if len(clean) <= most:
        return clean
    head = most * 2 // 3
    return f"{clean[:head]}…{clean[len(clean) - (most - head - 1) :]}"
