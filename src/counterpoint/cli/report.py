"""`counterpoint report`."""

import json
from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", hidden=True)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Write the report of a run or of a comparison, and print its path.

    DIR is the run folder, or that of the comparison; report.html is written into it.
    """
    from counterpoint.errors import UserError
    from counterpoint.experiments import Store
    from counterpoint.report import write_comparison, write_report
    from counterpoint.runs import RunFolder

    store, run = Store(folder), RunFolder(folder)
    if store.config.is_file():
        page = str(write_comparison(folder))
    elif run.config.is_file():
        page = str(write_report(run))
    else:
        names = f"no {run.config.name} and no {store.config.name}"
        raise UserError(f"{folder} is neither the folder of a run nor that of a comparison: it has {names}")
    typer.echo(json.dumps({"report": page}) if as_json else page)
