"""Where the time of a run went, for `--profile`."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from counterpoint.report import costs, units


def print_profile(console: Console, summary: Mapping[str, Any]) -> None:
    """Print a table of the kinds of work, and how stacks and processes were used.

    Args:
        console: to print on.
        summary: of the run.
    """
    profile = summary["profile"]
    console.print()
    console.print(kinds(profile))
    console.print(Padding(costs.clock(profile), (0, 0, 0, 1)))
    facts = [("stack", line) for line in costs.stacks(summary["method"], profile)]
    facts += [("steps", costs.recordings(profile)), ("worked in", costs.processes(profile))]
    for label, fact in facts:
        console.print(Text(f" {label:10}", style="bold"), fact, sep="", soft_wrap=True)


def kinds(profile: Mapping[str, Any]) -> Table:
    """A row for each kind of work that took any time, the longest first."""
    visits = profile["client_rounds"]
    table = Table(
        title=f" where the time went, over {units.many(visits, 'client-round')}",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("kind", no_wrap=True)
    table.add_column("what it is")
    for header in ("time", "share", "a client-\nround"):
        table.add_column(header, justify="right", no_wrap=True)
    for kind in costs.kinds(profile):
        each = "-" if kind.each is None else units.brief(kind.each)
        table.add_row(kind.name, kind.what, units.brief(kind.seconds), units.percent(kind.share), each)
    return table
