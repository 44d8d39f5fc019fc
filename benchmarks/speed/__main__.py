"""Measures how fast Counterpoint is and writes docs/performance.md: `python -m benchmarks.speed`, or `make bench`.

Every figure of the page comes from one run on one machine, which should be idle. Rivals get environments of their own.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.speed import machine
from benchmarks.speed.environments import RIVALS
from benchmarks.speed.figures import Figures, Record
from benchmarks.speed.goals import GOALS
from benchmarks.speed.measure import Run, interpreters, measure
from benchmarks.speed.render import paths, render, save
from benchmarks.speed.turn import ROOT
from benchmarks.speed.workloads import Case, cases, quick
from benchmarks.speed.write import spread

PARTIAL = ".bench/partial"


def options() -> argparse.Namespace:
    """What the command line says."""
    sections = list(dict.fromkeys(case.section for case in cases()))
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="turns of each contestant")
    parser.add_argument("--only", default="", help=f"some of: {','.join(sections)}")
    parser.add_argument("--no-rivals", action="store_true", help="without the other frameworks")
    parser.add_argument("--quick", action="store_true", help="one repeat with little of everything: does it run?")
    parser.add_argument("--env-dir", type=Path, default=ROOT / ".bench", help="where the rivals' environments are")
    parser.add_argument("--out", type=Path, help=f"folder of the page: docs, or {PARTIAL} with --only or --quick")
    parser.add_argument("--render", action="store_true", help="write the page again, measure nothing")
    given = parser.parse_args()
    if wrong := set(filter(None, given.only.split(","))) - set(sections):
        parser.error(f"there is no workload {min(wrong)!r}; there are: {', '.join(sections)}")
    given.out = given.out or ROOT / (PARTIAL if given.quick or given.only or given.no_rivals else "docs")
    return given


def chosen(given: argparse.Namespace) -> list[Case]:
    """The cases that are asked for."""
    wanted = [case for case in cases() if not given.only or case.section in given.only.split(",")]
    return [quick(case) for case in wanted] if given.quick else wanted


def show_goals(record: Record, console: Console) -> None:
    """The goals on the screen."""
    table = Table("goal", "measured", "met", title="Counterpoint, stacked")
    for goal in GOALS:
        met = goal.met(figures := Figures(record))
        table.add_row(goal.text, spread(goal.figure(figures)), "" if met is None else "yes" if met else "no")
    console.print(table)


def main() -> None:
    """Measure and write, or only write."""
    given, console = options(), Console()
    if not given.render:
        wanted = chosen(given)
        repeats = 1 if given.quick else given.repeats
        record: dict[str, Any] = {"machine": machine.facts(ROOT), "repeats": repeats, "quick": given.quick}
        record |= {"rivals": {}, "cases": [], "runs": []}
        folder = given.env_dir.absolute()
        pythons, wrong = interpreters([] if given.no_rivals else wanted, folder, console)
        record["rivals"] = {n: wrong.get(n, r.version) for n, r in RIVALS.items() if n in {*pythons, *wrong}}

        def keep(case: dict[str, Any], runs: list[Run]) -> None:
            record["cases"].append(case)
            record["runs"].extend(runs)
            save(record, given.out)

        with tempfile.TemporaryDirectory(prefix="speed-") as scratch:
            measure(wanted, repeats, pythons, Path(scratch), console, keep)
        show_goals(record, console)
    console.print(f"wrote {render(given.out)} from {paths(given.out)[0]}")


if __name__ == "__main__":
    main()
