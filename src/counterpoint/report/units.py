"""Numbers as people read them."""

import math

BYTE_UNITS = ("B", "kB", "MB", "GB", "TB")
UNKNOWN = "–"


def percent(value: float) -> str:
    """A share, for example `56.2%`."""
    return f"{100 * value:.1f}%" if math.isfinite(value) else "not finite"


def points(value: float) -> str:
    """A difference of shares in percentage points, for example `7.3 pp`."""
    return f"{100 * value:.1f} pp" if math.isfinite(value) else "not finite"


def number(value: float) -> str:
    """Four significant digits; whole numbers with thousands apart."""
    if not math.isfinite(value):
        return "not finite"
    return f"{int(value):,}" if value == int(value) and abs(value) < 1e15 else f"{value:.4g}"


def size(count: float) -> str:
    """A number of bytes in decimal units, for example `7.96 MB`."""
    unit = 0
    while abs(count) >= 999.5 and unit < len(BYTE_UNITS) - 1:
        count /= 1000
        unit += 1
    return f"{count:.0f} B" if unit == 0 else f"{count:.3g} {BYTE_UNITS[unit]}"


def duration(seconds: float) -> str:
    """A time, for example `7.8 s`, `3 min`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s" if seconds >= 0.1 or seconds == 0 else f"{1000 * seconds:.0f} ms"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (0 if hours else rest, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def brief(seconds: float) -> str:
    """A time that may be very short, for example `1.2 s`, `0.41 ms`, `12.5 µs`."""
    if seconds >= 59.95:
        return duration(seconds)
    if seconds >= 0.9995:
        return f"{seconds:.3g} s"
    return f"{1e3 * seconds:.3g} ms" if seconds >= 1e-4 or seconds == 0 else f"{1e6 * seconds:.3g} µs"


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
