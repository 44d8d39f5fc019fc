"""`counterpoint report`."""

import json
from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", hidden=True)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Write the report of a run, and print its path.

    DIR is the run folder; report.html is written into it.
    """
    from counterpoint.report import write_report
    from counterpoint.runs import RunFolder

    page = str(write_report(RunFolder.open(folder)))
    typer.echo(json.dumps({"report": page}) if as_json else page)
