"""The run: every case, every repeat, every contestant in its turn."""

import sys
import time
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.contestants.job import Job
from benchmarks.speed import data
from benchmarks.speed.contestants import HERE, Contestant
from benchmarks.speed.environments import RIVALS, ensure
from benchmarks.speed.turn import take_turn
from benchmarks.speed.workloads import Case

Run = dict[str, Any]


def interpreters(cases: Sequence[Case], folder: Path, console: Console) -> tuple[dict[str, Path], dict[str, str]]:
    """The interpreter of every environment that can be had, and why the others cannot."""
    found, wrong = {HERE: Path(sys.executable)}, {}
    wanted = {c.environment for case in cases for c in case.contestants} - {HERE}
    for name in (name for name in RIVALS if name in wanted):
        with console.status(f"environment of {RIVALS[name].requirement}"):
            try:
                found[name] = ensure(name, folder)
            except (RuntimeError, OSError) as error:
                wrong[name] = str(error)
                console.print(f"{name} is left out: {error}")
    return found, wrong


def measure(
    cases: Sequence[Case],
    repeats: int,
    pythons: dict[str, Path],
    scratch: Path,
    console: Console,
    keep: Callable[[dict[str, Any], list[Run]], None],
) -> None:
    """Every case, with contestants in turns A B C A B C ...

    Args:
        cases: what is run.
        repeats: turns a contestant has.
        pythons: interpreters by environment.
        scratch: a folder for data.
        console: where progress is shown.
        keep: is handed what a case was and its runs, after each case.
    """
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.fields[now]}"))
    with Progress(*columns, console=console, transient=True) as progress:
        there = {case.key: [c for c in case.contestants if c.environment in pythons] for case in cases}
        task = progress.add_task("", total=repeats * sum(map(len, there.values())), now="")
        for case in cases:
            arrays = case.make()
            path = data.write(arrays, scratch / "rows.npz")
            runs: list[Run] = []
            out: set[str] = set()
            for repeat, one in product(range(repeats), there[case.key]):
                progress.update(task, now=f"{case.key}: {one.title}")
                if one.key not in out:
                    begun = time.perf_counter()
                    found = take_turn(pythons[one.environment], one.script, _job(case, one, path), scratch)
                    took = time.perf_counter() - begun
                    runs.append({"case": case.key, "contestant": one.key, "repeat": repeat, "took": took, **found})
                    if "failed" in found:
                        out.add(one.key)
                        console.print(f"{case.key}, {one.title}: {found['failed']}")
                progress.advance(task)
            keep(_told(case, arrays), runs)


def _job(case: Case, one: Contestant, path: Path) -> Job:
    fields: dict[str, Any] = {"rounds": case.rounds, "epochs": case.epochs, "batch": case.batch, **one.options}
    return Job(data=str(path), model=case.model, **fields)


def _told(case: Case, arrays: data.Arrays) -> dict[str, Any]:
    """What a case was, as plain values."""
    names = ("key", "section", "variant", "model", "rounds", "warm", "epochs", "batch")
    sizes = sorted(arrays["sizes"].tolist())
    counted = {"clients": len(sizes), "rows": sum(sizes), "fewest": sizes[0], "middle": sizes[len(sizes) // 2]}
    return (
        {name: getattr(case, name) for name in names}
        | counted
        | {
            "most": sizes[-1],
            "pairs": int(arrays["owned"].sum()),
            "contestants": [one.key for one in case.contestants],
        }
    )
