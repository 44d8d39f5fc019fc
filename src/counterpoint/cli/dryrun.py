"""What a comparison would cost."""

import json
from dataclasses import asdict
from pathlib import Path

import typer
from rich import box
from rich.filesize import decimal
from rich.table import Table

from counterpoint.cli.console import stderr, stdout
from counterpoint.cli.grid import spoken
from counterpoint.cli.reading import reading
from counterpoint.experiments import Comparison, Store, cases
from counterpoint.experiments.probe import Price, prices
from counterpoint.experiments.ready import ready


def show_cost(comparison: Comparison, out: Path, jobs: int, *, quiet: bool, as_json: bool) -> None:
    """Measure what a comparison would cost, and print it.

    Args:
        comparison: what is compared.
        out: the folder where it would be.
        jobs: processes.
        quiet: print no remark meanwhile.
        as_json: print one line of JSON and no table.
    """
    with reading(quiet=quiet):
        ready(comparison)
    runs = cases(comparison)
    if not quiet:
        with stderr().status("two rounds of each method on each data set ..."):
            found = prices(runs, Store(out), jobs)
    else:
        found = prices(runs, Store(out), jobs)
    seconds = sum(price.seconds or 0.0 for price in found) / jobs
    trials = comparison.tune * len(found)
    if as_json:
        cells = [asdict(price) for price in found]
        typer.echo(json.dumps({"cells": cells, "seconds": seconds, "jobs": jobs, "trials": trials, "out": str(out)}))
        return
    console = stdout()
    console.print(table(found))
    left = sum(price.runs - price.finished for price in found)
    sent = sum(price.sent or 0.0 for price in found)
    console.print(f" {left} runs to do, {jobs} at a time: {spoken(seconds) or 'nothing'}, {decimal(round(sent))} sent")
    if trials:
        longest = sum((price.seconds or 0.0) / max(1, price.runs - price.finished) for price in found) * comparison.tune
        console.print(f" before that, {trials} trials to find settings: up to {spoken(longest / jobs)}")
    for price in found:
        if price.why:
            console.print(f" {price.method} on {price.data} cannot run: {price.why}", soft_wrap=True)


def table(found: list[Price]) -> Table:
    """A row a method and data set."""
    shown = Table("method", "data", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title=" what is to be done")
    shown.title_justify = "left"
    for header in ("runs", "finished", "rounds\nto do", "one\nround", "all, one\nprocess", "sent"):
        shown.add_column(header, justify="right", no_wrap=True)
    for price in found:
        a_round = "-" if price.seconds is None or not price.rounds else f"{price.seconds / price.rounds:.2f} s"
        shown.add_row(
            price.method,
            price.data,
            str(price.runs),
            str(price.finished),
            str(price.rounds),
            a_round,
            "-" if price.seconds is None else spoken(price.seconds).removeprefix("about ") if price.rounds else "0 s",
            "-" if price.sent is None else decimal(round(price.sent)),
        )
    return shown
