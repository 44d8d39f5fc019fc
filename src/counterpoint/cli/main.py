"""The program `counterpoint`: its commands, and the exit status of everything that can happen."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import click
import typer

from counterpoint import __version__
from counterpoint.cli.compare import compare
from counterpoint.cli.complaints import sentence
from counterpoint.cli.data import data
from counterpoint.cli.demo.command import peer_demo
from counterpoint.cli.deploy import deploy
from counterpoint.cli.help import Command, CompareCommand, RunCommand, example
from counterpoint.cli.methods import methods
from counterpoint.cli.peer import peer
from counterpoint.cli.report import report
from counterpoint.cli.resume import resume
from counterpoint.cli.run import run
from counterpoint.cli.sweep import sweep
from counterpoint.errors import UserError

INTERRUPTED = 130
WRONG = 2

app = typer.Typer(
    name="counterpoint",
    rich_markup_mode=None,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=example("counterpoint run fedavg --data watch --rounds 5"),
)
app.command(cls=RunCommand, epilog=example("counterpoint run fedprox --data watch --rounds 20 --set mu=0.1"))(run)
app.command(
    cls=CompareCommand, epilog=example("counterpoint compare fedavg fedprox local --data watch emoji --seeds 3")
)(compare)
app.command(cls=Command, epilog=example("counterpoint sweep fedprox --data watch --trials 20 --over mu=1e-4..1:log"))(
    sweep
)
app.command(cls=Command, epilog=example("counterpoint resume runs/fedavg-watch-seed0"))(resume)
app.command(cls=Command, epilog=example("counterpoint report runs/fedavg-watch-seed0"))(report)
app.command(cls=Command, epilog=example("counterpoint methods fedprox"))(methods)
app.command(cls=Command, epilog=example("counterpoint peer --config peer-2.toml"))(peer)
app.command("peer-demo", cls=Command, epilog=example("counterpoint peer-demo --peers 6"))(peer_demo)
app.add_typer(data, epilog=example("counterpoint data get watch"))
app.add_typer(deploy, epilog=example("counterpoint deploy init clinics --data watch --method fedcmi"))


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"counterpoint {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Multimodal federated learning: many clients, each with some of several senses, learn together."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: of the command line, without the program's name; those of this process where None.

    Returns:
        The exit status: 0, 1 where nobody reads the output any more, 2 for a user's mistake, 130 where interrupted.
        What is neither is raised.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    command = typer.main.get_command(app)
    try:
        with command.make_context("counterpoint", list(sys.argv[1:] if arguments is None else arguments)) as context:
            command.invoke(context)
            sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.ClickException, UserError) as error:
        typer.echo(f"error: {sentence(error)}", err=True)
        return WRONG
    except (KeyboardInterrupt, click.Abort):
        typer.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0
