"""A network of peers after one round, and what a script needs to show it after others."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from math import ceil, floor, isfinite, pi
from xml.etree import ElementTree as ET

from counterpoint.report.draw.spots import Layout, bar

LEVELS = 9
"""Colours from the lowest to the highest accuracy."""
LOW = 200
"""Thousandths of a battery below which it is drawn as nearly empty."""
NAMED = 8.0
"""Peers of at least this radius have their number written on them."""
MARGIN, ROW = 10.0, 22.0
Thousandths = Sequence[int | None]
Pair = tuple[int, int]


@dataclass(frozen=True)
class Moment:
    """The network after one round. Peers are numbered in the order of their places.

    Attributes:
        round: which.
        edges: pairs of peers that can talk in this round.
        accuracy: of each peer as it was last scored; None of one that never was.
        battery: the share of its battery that is left to each peer; None where it has none.
        silent: whether each peer was silent in this round.
    """

    round: int
    edges: Sequence[Pair]
    accuracy: Sequence[float | None]
    battery: Sequence[float | None]
    silent: Sequence[bool]


@dataclass(frozen=True)
class Network:
    """What is drawn.

    Attributes:
        names: of the peers, shown where one points at them.
        labels: what is written on them.
        layout: where they are.
        moments: one a round, the last of which is drawn.
        what: accuracy is taken on.
    """

    names: Sequence[str]
    labels: Sequence[str]
    layout: Layout
    moments: Sequence[Moment]
    what: str

    @property
    def reach(self) -> tuple[int, int]:
        """Lowest and highest accuracy of the scale, in thousandths: whole tenths about all that are shown."""
        known = [v for moment in self.moments for v in thousandths(moment.accuracy) if v is not None] or [0, 1000]
        low, high = 100 * floor(min(known) / 100), 100 * ceil(max(known) / 100)
        return low, max(high, low + 100)


def thousandths(values: Sequence[float | None]) -> Thousandths:
    """Shares as whole thousandths; None of what is not known."""
    return [None if v is None or not isfinite(v) else round(1000 * v) for v in values]


def told(moment: Moment) -> str:
    """A moment in words."""
    parts = []
    known = [v for v in thousandths(moment.accuracy) if v is not None]
    if known:
        parts.append(f"accuracy {_percent(sum(known) / len(known))} in the mean, {_percent(min(known))} at worst")
    left = [v for v in thousandths(moment.battery) if v is not None]
    if left:
        parts.append(f"batteries {_percent(sum(left) / len(left))} in the mean, {_percent(min(left))} at least")
    quiet = sum(moment.silent)
    parts += [f"{quiet} silent"] if quiet else []
    return f"Round {moment.round}: {'; '.join(parts) or 'nothing is known of single peers'}."


def svg(network: Network, alt: str) -> str:
    """Inline SVG of the last moment. What changes from round to round has a class that the script knows.

    Args:
        network: what is drawn.
        alt: what is to be seen, in words.
    """
    moment, (low, high), place = network.moments[-1], network.reach, network.layout
    charged = any(v is not None for m in network.moments for v in m.battery)
    quiet = any(any(m.silent) for m in network.moments)
    below = MARGIN + place.height + 14
    height = below + ROW * (2 if charged or quiet or place.metre else 1)
    root = ET.Element("svg", {"viewBox": f"0 0 360 {_n(height)}", "role": "img", "aria-label": alt, "class": "net"})
    within = ET.SubElement(root, "g", {"transform": f"translate({_n(MARGIN)} {_n(MARGIN)})"})
    heard, lost = links(moment, place.spots)
    many = len(moment.edges) > 4 * len(place.spots)
    ET.SubElement(within, "path", {"class": "links thin" if many else "links", "d": heard})
    ET.SubElement(within, "path", {"class": "links lost thin" if many else "links lost", "d": lost})
    accuracy, battery = thousandths(moment.accuracy), thousandths(moment.battery)
    for n, (x, y) in enumerate(place.spots):
        level = _level(accuracy[n], low, high)
        peer = ET.SubElement(
            within,
            "g",
            {"class": _classes(level, moment.silent[n]), "transform": f"translate({_n(x)} {_n(y)})", "data-n": str(n)},
        )
        about = _about(network.names[n], accuracy[n], battery[n], moment.silent[n])
        ET.SubElement(peer, "title").text = about
        _disc(peer, place.radius, battery[n] if charged else None, charged)
        if place.radius >= NAMED:
            _written(peer, network.labels[n], place.radius)
    _scale(root, below, low, high, network.what)
    _signs(root, below + ROW, place, charged, quiet)
    return ET.tostring(root, encoding="unicode")


def steps(network: Network) -> str:
    """What the script shows, as JSON that may stand in a page: rounds, edges (equal ones once), thousandths."""
    edges: dict[tuple[int, ...], int] = {}
    shown = []
    for moment in network.moments:
        flat = tuple(chain.from_iterable(moment.edges))
        shown.append(
            {
                "edges": edges.setdefault(flat, len(edges)),
                "accuracy": thousandths(moment.accuracy),
                "battery": thousandths(moment.battery),
                "silent": [n for n, quiet in enumerate(moment.silent) if quiet],
                "told": told(moment),
            }
        )
    low, high = network.reach
    value = {
        "spots": [[round(x, 1), round(y, 1)] for x, y in network.layout.spots],
        "names": list(network.names),
        "around": round(2 * pi * _ring(network.layout.radius), 2),
        "scale": {"low": low, "high": high, "levels": LEVELS, "empty": LOW},
        "edges": [list(flat) for flat in edges],
        "moments": shown,
    }
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def links(moment: Moment, spots: Sequence[tuple[float, float]]) -> tuple[str, str]:
    """Paths of the pairs of which both talk, and of those of which one is silent."""
    found: tuple[list[Pair], list[Pair]] = ([], [])
    for a, b in moment.edges:
        found[moment.silent[a] or moment.silent[b]].append((a, b))
    heard, lost = (
        "".join(f"M{_n(spots[a][0])} {_n(spots[a][1])}L{_n(spots[b][0])} {_n(spots[b][1])}" for a, b in pairs)
        for pairs in found
    )
    return heard, lost


def _level(accuracy: int | None, low: int, high: int) -> str:
    return "x" if accuracy is None else str(max(0, min(LEVELS - 1, (accuracy - low) * LEVELS // (high - low))))


def _classes(level: str, silent: bool) -> str:
    return f"peer l{level}" + (" silent" if silent else "")


def _about(name: str, accuracy: int | None, battery: int | None, silent: bool) -> str:
    parts = [] if accuracy is None else [f"accuracy {_percent(accuracy)}"]
    parts += [] if battery is None else [f"battery {_percent(battery)}"]
    parts += ["silent"] if silent else []
    return f"{name}: {', '.join(parts)}" if parts else name


def _disc(peer: ET.Element, radius: float, battery: int | None, charged: bool) -> None:
    """A face, and about it a ring that says what is left in the battery."""
    ring = _ring(radius)
    wide = {"stroke-width": _n(2 * (radius - ring))}
    if charged:
        around = 2 * pi * ring
        left = {"stroke-dasharray": f"{_n(around * (battery or 0) / 1000)} {_n(around)}", "transform": "rotate(-90)"}
        low = battery is not None and battery < LOW
        ET.SubElement(peer, "circle", {"class": "track", "r": _n(ring), **wide})
        ET.SubElement(peer, "circle", {"class": "left low" if low else "left", "r": _n(ring), **wide, **left})
    ET.SubElement(peer, "circle", {"class": "face", "r": _n(ring - (radius - ring) - 0.5 if charged else radius - 0.5)})


def _ring(radius: float) -> float:
    """The middle of the ring, which is a fifth of the radius wide."""
    return 0.9 * radius


def _written(peer: ET.Element, label: str, radius: float) -> None:
    size = min(0.85, 1.9 / max(len(label), 1)) * radius
    at = {"font-size": _n(size), "text-anchor": "middle", "y": _n(0.35 * size)}
    ET.SubElement(peer, "text", at).text = label


def _scale(root: ET.Element, y: float, low: int, high: int, what: str) -> None:
    """What colours mean."""
    row = ET.SubElement(root, "g", {"class": "key", "transform": f"translate({_n(MARGIN)} {_n(y)})"})
    ET.SubElement(row, "text", {"x": "0", "y": "9"}).text = f"{low // 10}%"
    for n in range(LEVELS):
        box = {"x": _n(32 + 12 * n), "y": "0", "width": "12", "height": "11", "class": f"box l{n}"}
        ET.SubElement(row, "rect", box)
    ET.SubElement(row, "text", {"x": _n(32 + 12 * LEVELS + 5), "y": "9"}).text = f"{high // 10}% accuracy, {what}"


def _signs(root: ET.Element, y: float, place: Layout, charged: bool, quiet: bool) -> None:
    """What rings and dashes mean, and how far is how far."""
    row = ET.SubElement(root, "g", {"class": "key", "transform": f"translate({_n(MARGIN)} {_n(y)})"})
    x = 0.0
    if charged:
        sign = ET.SubElement(row, "g", {"transform": "translate(7 5.5)"})
        around = 2 * pi * 5.6
        ET.SubElement(sign, "circle", {"class": "track", "r": "5.6", "stroke-width": "2.4"})
        share = {"stroke-dasharray": f"{_n(0.7 * around)} {_n(around)}", "transform": "rotate(-90)"}
        ET.SubElement(sign, "circle", {"class": "left", "r": "5.6", "stroke-width": "2.4", **share})
        ET.SubElement(row, "text", {"x": "19", "y": "9"}).text = "battery left"
        x = 105.0
    if quiet:
        sign = ET.SubElement(row, "g", {"class": "peer silent", "transform": f"translate({_n(x + 7)} 5.5)"})
        ET.SubElement(sign, "circle", {"class": "face", "r": "6"})
        ET.SubElement(row, "text", {"x": _n(x + 19), "y": "9"}).text = "silent in this round"
        x += 145
    if place.metre:
        metres, long = bar(place.metre)
        ET.SubElement(row, "path", {"class": "bar", "d": f"M{_n(x + 2)} 2v7m0 -3.5h{_n(long)}m0 -3.5v7"})
        ET.SubElement(row, "text", {"x": _n(x + long + 7), "y": "9"}).text = f"{metres} m"


def _percent(thousandths: float) -> str:
    return f"{thousandths / 10:.1f}%"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
