"""The table of what devices spent, of runs that count joules."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.table import Table

from counterpoint.report import units


def energy(summary: Mapping[str, Any]) -> Table | None:
    """Joules for computing, for sending and in all, what is left in batteries, and who was silent; None of other runs.

    Args:
        summary: of the run.
    """
    found = summary.get("energy")
    if found is None:
        return None
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("Energy", overflow="fold")
    for header in ("compute", "send", "in all", "battery\nleft", "silent,\nlast round"):
        table.add_column(header, justify="right", no_wrap=True)
    spent = [units.joules(found[what]) for what in ("joules_compute", "joules_send", "joules")]
    left = "-" if found["battery"] is None else units.percent(found["battery"])
    silent = "-" if found["silent"] is None else f"{found['silent']} of {summary['clients']}"
    table.add_row("all clients, all rounds", *spent, left, silent)
    return table
