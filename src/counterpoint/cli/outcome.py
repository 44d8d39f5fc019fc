"""What is printed once a run is finished."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from counterpoint.cli.console import stdout
from counterpoint.cli.profile import print_profile
from counterpoint.cli.tables import print_result
from counterpoint.errors import UserError
from counterpoint.report import write_report
from counterpoint.runs import RunFolder, RunResult


def show(result: RunResult, *, quiet: bool, as_json: bool, report: bool, profile: bool = False) -> None:
    """Print the result and write the report.

    Args:
        result: of the run.
        quiet: print no table.
        as_json: print one line of JSON and no table.
        report: write one; where that fails the reason is said, and the result is printed all the same.
        profile: after the table, print where the time went.
    """
    if as_json:
        typer.echo(one_line(result.summary))
    page = _report(result.out) if report else None
    if not (quiet or as_json):
        print_result(stdout(), result.summary, page)
        if profile:
            print_profile(stdout(), result.summary)


def _report(folder: Path) -> Path | None:
    try:
        return write_report(RunFolder(folder))
    except UserError as error:
        typer.echo(f"no report was written: {error}", err=True)
        return None


def one_line(summary: Mapping[str, Any]) -> str:
    """A summary as one line of strict JSON: a number that is not finite becomes null."""
    return json.dumps(_finite(summary), allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
