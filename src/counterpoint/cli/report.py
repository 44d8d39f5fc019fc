"""`counterpoint report`, and the report after a run."""

import json
from pathlib import Path
from typing import Annotated

import typer

from counterpoint.errors import UserError

EXTRA = frozenset({"matplotlib", "jinja2"})


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The run folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Write report.html into a run folder and print its path."""
    page = str(write(folder))
    typer.echo(json.dumps({"report": page}) if as_json else page)


def write(path: Path) -> Path:
    """Write the report of a run folder; returns where it is.

    Raises:
        UserError: it is no run folder, or the extra that draws reports is not installed.
    """
    from counterpoint.runs import RunFolder

    folder = RunFolder.open(path)
    try:
        from counterpoint.report import write_report

        return write_report(folder)
    except ModuleNotFoundError as error:
        lacking = (error.name or "").partition(".")[0]
        if lacking not in EXTRA:
            raise
        raise UserError(f"no report, because {lacking} is not installed: pip install 'counterpoint[report]'") from error
