"""What is said of a run that was stopped or interrupted."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from counterpoint.cli.watchers import Silent
from counterpoint.runs import Stopped

STATUS = 130


@contextmanager
def stoppable(watcher: Silent) -> Iterator[None]:
    """Where the run inside is stopped or interrupted, say how to go on with it and exit with status 130."""
    try:
        yield
    except Stopped as stopped:
        typer.echo(str(stopped), err=True)
        raise typer.Exit(STATUS) from stopped
    except KeyboardInterrupt as interrupt:
        how = f"; go on with: counterpoint resume {shlex.quote(str(watcher.out))}" if watcher.out is not None else ""
        typer.echo(f"interrupted{how}", err=True)
        raise typer.Exit(STATUS) from interrupt
