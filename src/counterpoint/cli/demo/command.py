"""`counterpoint peer-demo`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.progress import TaskID

    from counterpoint.cli.demo.play import Standing

FAILED = 1


def peer_demo(
    peers: Annotated[int, typer.Option(metavar="N", min=2, help="Peers, each in a process of its own.")] = 6,
    method: Annotated[str, typer.Option(metavar="METHOD", help="A method without a server.")] = "dmml-kd",
    data: Annotated[str, typer.Option(metavar="NAME", help="Data set, a client a peer.")] = "watch",
    partition: Annotated[str, typer.Option(metavar="SPEC", help="How it is dealt out.")] = "natural",
    rounds: Annotated[int, typer.Option(metavar="N", min=6, help="Rounds.")] = 30,
    topology: Annotated[str, typer.Option(metavar="SPEC", help="Who talks to whom.")] = "ring",
    deadline: Annotated[float, typer.Option(metavar="S", help="Seconds that a round waits for neighbours.")] = 20.0,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of everything that is drawn.")] = 0,
    seconds: Annotated[float, typer.Option(metavar="S", help="Give up after so many seconds.")] = 600.0,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where files and states go.")] = Path("runs/peer-demo"),
) -> None:
    """Start a network of real peers on this machine, kill one, and bring it back.

    The peers talk over the loopback interface with certificates of their own (mutual TLS). What happens is printed, and
    the folder holds what each peer was told: a start for peers on real devices.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Table

    from counterpoint.cli.console import stderr, stdout
    from counterpoint.cli.demo.files import write_network
    from counterpoint.cli.demo.play import Play
    from counterpoint.cli.reading import reading
    from counterpoint.runs import configured
    from counterpoint.runs.folder import unused
    from counterpoint.runs.prepare import population_of

    settings = {"network.topology": topology}
    config = configured(
        method,
        data,
        rounds=rounds,
        clients=peers,
        partition=partition,
        seed=seed,
        settings=settings,
        engine="sequential",
    )
    with reading(quiet=False):
        population = population_of(config, config.data.name)
    folder = unused(out)
    files = write_network(folder, config, population, deadline=deadline, patience=20.0)
    victim, kill_after = peers // 2, max(2, rounds // 6)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), TimeElapsedColumn())
    with Progress(*columns, console=stderr(), transient=True) as progress:
        bar: TaskID = progress.add_task(f"0 of {peers} peers done", total=peers * rounds)

        def moved(standing: "Sequence[Standing]") -> None:
            done = sum(s.status == 0 for s in standing)
            at = sum(s.round for s in standing)
            progress.update(bar, completed=at, description=f"{done} of {peers} peers done")

        def say(seconds: float, text: str) -> None:
            progress.console.print(f"{seconds:6.1f} s  {text}", soft_wrap=True)

        play = Play(files, victim, kill_after, kill_after + 2, seconds, say, moved)
        finished = play.run()
    table = Table(box=None, pad_edge=False)
    for name in ("peer", "rounds", "accuracy", "heard", "not heard", "refused", "started"):
        table.add_column(name, justify="right")
    for number, standing in enumerate(play.standing):
        accuracy = "-" if standing.accuracy is None else f"{standing.accuracy:.3f}"
        counts = (standing.heard, standing.not_heard, standing.refused, standing.lives)
        table.add_row(str(number), f"{standing.round} of {rounds}", accuracy, *map(str, counts))
    stdout().print(table)
    stdout().print(f"folder  {folder}", soft_wrap=True)
    if not finished:
        raise typer.Exit(FAILED)
