"""`counterpoint resume`."""

from pathlib import Path
from typing import Annotated

import typer


def resume(
    folder: Annotated[Path, typer.Argument(metavar="DIR", hidden=True)],
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html.")] = True,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", help="Processes from now on; if not given, as the run was started."),
    ] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Also print where the time went.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no table.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one line of JSON, no table.")] = False,
) -> None:
    """Go on with a run that died or was stopped.

    DIR is its run folder. The run ends with the numbers that it would have had.
    """
    from counterpoint import runs
    from counterpoint.cli.outcome import show
    from counterpoint.cli.progress import choose_watcher
    from counterpoint.cli.reading import reading
    from counterpoint.cli.stopping import stoppable

    watcher = choose_watcher(quiet=quiet)
    with stoppable(watcher), reading(quiet=quiet):
        result = runs.resume(folder, workers=workers, watcher=watcher)
    show(result, quiet=quiet, as_json=as_json, report=report, profile=profile)
