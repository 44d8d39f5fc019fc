"""docs/performance.md, made of the record alone."""

import textwrap
from collections.abc import Collection

from benchmarks.speed import sayings, tables
from benchmarks.speed.environments import RIVALS
from benchmarks.speed.figures import Figures, Record
from benchmarks.speed.write import middle, table

WIDTH = 120


def page(record: Record, words: dict[str, str], plots: Collection[str]) -> str:
    """The whole page.

    Args:
        record: what was measured.
        words: explanations by key, written by hand.
        plots: names of the drawings that there are.
    """
    figures = Figures(record)
    warm = " or ".join(map(str, sorted({case["warm"] for case in record["cases"]})))
    parts = [
        sayings.HEAD.format(repeats=record["repeats"], warm=warm),
        sayings.TRIAL if record["quick"] else "",
        "## Goals",
        "Stacked engine with one thread unless said.",
        tables.goals(figures, words),
        "## Machine",
        machine(figures),
        sayings.FAIR,
    ]
    for section in sayings.SAID:
        if cases := figures.section(section):
            parts += [*_section(figures, section, cases), *_drawings(section, plots), words.get(section, "")]
    if spent := tables.profile(figures):
        what = "Stacked engine, one thread, as its own profile tells."
        parts += ["## Where the time goes", what, spent, *_drawings("profile", plots), words.get("profile", "")]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def machine(figures: Figures) -> str:
    """Facts about machine and software."""
    record = figures.record
    rows = [[name, value] for name, value in record["machine"].items()]
    rows.append(["matrix product 512 x 512, one thread", f"{middle(figures.gflops())} GFLOP/s"])
    rows += [[RIVALS[name].package, told] for name, told in record["rivals"].items()]
    return table(["what", ""], rows, left=2)


def _section(figures: Figures, name: str, cases: list[Record]) -> list[str]:
    whole = {"missing": tables.missing, "scale": tables.scale, "overhead": tables.overhead}
    if name in whole:
        return [f"## {sayings.title(cases[0])}", _wrapped(sayings.said(cases[0])), whole[name](figures)]
    parts = []
    for case in cases:
        parts += [f"## {sayings.title(case)}", _wrapped(sayings.said(case)), tables.rounds(figures, case)]
        parts += [_wrapped(tables.arithmetic(figures, case))] if name == "mlp" else []
    return parts


def _drawings(section: str, plots: Collection[str]) -> list[str]:
    return [f"![{name}](performance/{name}.svg)" for name in plots if name.split("-")[0] == section]


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_on_hyphens=False, break_long_words=False)
