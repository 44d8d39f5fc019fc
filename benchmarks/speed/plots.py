"""Drawings of the page, each a file that stands alone."""

import re
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter

from benchmarks.speed.contestants import BY_KEY
from benchmarks.speed.figures import Figures, Spread
from benchmarks.speed.write import digits
from counterpoint.report.draw.bars import stacked
from counterpoint.report.draw.canvas import draw, row_space
from counterpoint.report.draw.colours import INK, MUTED, colour

STYLE = """<style>
svg { --ink: #1a2230; --muted: #5a6678; --grid: #dde2ea; --paper: #ffffff; background: var(--paper);
  --series-1: #0b6fb8; --series-2: #d1590a; --series-3: #098566; --series-4: #a8479b; --series-5: #4aa3d8;
  --series-6: #c48a00; --series-7: #6b5fd0; font-family: system-ui, "Segoe UI", Roboto, sans-serif; }
@media (prefers-color-scheme: dark) { svg { --ink: #e8ecf3; --muted: #a3aec0; --grid: #333d4d; --paper: #181f2a;
  --series-1: #5aaeea; --series-2: #f58a45; --series-3: #3fc99f; --series-4: #e08fd4; --series-5: #a9dbf7;
  --series-6: #f0c44c; --series-7: #a79df5; } }
</style>"""


def plots(figures: Figures) -> dict[str, str]:
    """SVG files by name; the part of a name before `-` is the section where it is shown."""
    sizes = figures.section("scale")
    clients = [case["clients"] for case in sizes]
    times = [figures.client_round(case["key"], "stacked") for case in sizes]
    memory = [figures.memory(case["key"], -1) for case in sizes]
    drawn = {
        **{f"mlp-{case['variant']}": rounds(figures, case["key"]) for case in figures.section("mlp")},
        "missing": against(
            "missing",
            "time of a round against what is owned",
            [case["pairs"] for case in figures.section("missing")],
            [figures.a_round(case["key"], "stacked") for case in figures.section("missing")],
            ("(client, modality) pairs owned", "ms a round"),
            1e3,
            log=False,
        ),
        "scale-time": against(
            "scale-time",
            "time of a client-round against clients",
            clients,
            times,
            ("clients", "µs a client-round"),
            1e6,
        ),
        "scale-memory": against("scale-memory", "memory against clients", clients, memory, ("clients", "MB"), 1.0),
        "profile": profile(figures),
    }
    return {name: standalone(svg) for name, svg in drawn.items() if svg}


def standalone(svg: str) -> str:
    """A drawing for a report's page as a file of its own, with colours for light and dark."""
    opened = re.sub(r"^<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', svg, count=1)
    head, bracket, rest = opened.partition(">")
    return f"{head}{bracket}{STYLE}{rest}\n"


def rounds(figures: Figures, case: str) -> str:
    """Bars, on a logarithmic axis: time of a round of everyone on a case."""
    found = {name: figures.a_round(case, name) for name in figures.cases[case]["contestants"]}
    shown = sorted(((s.middle * 1e3, name) for name, s in found.items() if s))
    if not shown:
        return ""

    def paint(axes: Axes) -> None:
        ours, bounds = colour(0), MUTED
        tones = [bounds if BY_KEY[n].floor else ours if BY_KEY[n].script == "ours" else colour(1) for _, n in shown]
        left = shown[0][0] / 2
        drawn = axes.barh(range(len(shown)), [value - left for value, _ in shown], 0.7, left=left, color=tones)
        axes.bar_label(drawn, [f"{digits(value)} ms" for value, _ in shown], padding=3, fontsize=9, color=INK)
        axes.set_yticks(range(len(shown)), [BY_KEY[name].title for _, name in shown], fontsize=9)
        row_space(axes, len(shown))
        axes.set_xscale("log")
        axes.set_xlim(left, shown[-1][0] * 3)
        wide = shown[-1][0] > 12 * shown[0][0]
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(
            FuncFormatter(lambda value, _: f"{value:g}" if not wide and f"{value:e}"[0] in "25" else "")
        )
        axes.set_xlabel("ms a round, logarithmic")

    return draw(paint, f"mlp {case}", f"time of a round, {case}", 0.9 + 0.3 * len(shown))


def against(
    name: str,
    alt: str,
    x: Sequence[float],
    y: Sequence[Spread | None],
    axis: tuple[str, str],
    factor: float,
    log: bool = True,
) -> str:
    """A line with the least and the most as whiskers; both axes from zero, or the first logarithmic."""
    found = [(at, spread.times(factor)) for at, spread in zip(x, y, strict=True) if spread]
    points = sorted(found, key=lambda point: point[0])
    if not points:
        return ""

    def paint(axes: Axes) -> None:
        at, middle = [p[0] for p in points], [p[1].middle for p in points]
        beside, side = ((-6, 6), "right") if middle[-1] > middle[0] else ((6, 6), "left")  # off the line
        reach = [[s.middle - s.low for _, s in points], [s.high - s.middle for _, s in points]]
        axes.errorbar(at, middle, reach, color=colour(0), marker="o", capsize=3)
        for place, value in zip(at, middle, strict=True):
            axes.annotate(
                digits(value), (place, value), beside, textcoords="offset points", ha=side, fontsize=9, color=INK
            )
        if log:
            axes.set_xscale("log")
            axes.set_xlim(min(at) / 1.5, max(at) * 2.2)
            axes.set_xticks(at, [f"{value:,}" for value in at])
            axes.xaxis.set_minor_formatter(NullFormatter())
        else:
            axes.set_xlim(0, max(at) * 1.15)
        axes.set_ylim(0, max(s.high for _, s in points) * 1.25)
        axes.set_xlabel(axis[0])
        axes.set_ylabel(axis[1])

    return draw(paint, name, alt, 3.1)


def profile(figures: Figures) -> str:
    """Bars of shares: what a round's time is spent on, by case."""
    found = {key: spent for key in figures.cases if sum((spent := figures.profile(key, "stacked")).values())}
    kinds = [kind for kind in next(iter(found.values()), {}) if any(spent[kind] for spent in found.values())]
    rows = {key: {k: 100 * spent[k] / sum(spent.values()) for k in kinds} for key, spent in found.items()}
    if not rows:
        return ""
    return stacked("profile", "share of a round's time", rows, lambda value: f"{value:.0f} %")
