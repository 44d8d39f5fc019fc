"""`counterpoint deploy demo`."""

from pathlib import Path
from typing import Annotated

import typer

FAILED = 1
STRANGERS = 1


def demo(
    sites: Annotated[int, typer.Option(metavar="N", min=2, help="Sites, each with a node of its own.")] = 3,
    method: Annotated[str, typer.Option(metavar="METHOD", help="A method with a server.")] = "fedcmi",
    data: Annotated[str, typer.Option(metavar="NAME", help="Data set, of which each site has a share.")] = "watch",
    rounds: Annotated[int, typer.Option(metavar="N", min=3, help="Rounds.")] = 3,
    seconds: Annotated[float, typer.Option(metavar="S", help="Give up after so many seconds.")] = 900.0,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the app goes.")] = Path("runs/deploy-demo"),
) -> None:
    """Run a federation of real Flower nodes on this machine, kill a site and the link, and go on.

    A SuperLink and a SuperNode a site talk over the loopback interface, with TLS and registered keys. In round two a
    site is killed and brought back; in round three the link is, and the run with it; then the same command goes on with
    it. What happens is printed, and the folder holds the app: a start for one's own.
    """
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from counterpoint.cli.console import stderr, stdout
    from counterpoint.cli.demo.files import free_ports
    from counterpoint.cli.federation.play import Play, tools
    from counterpoint.cli.reading import reading
    from counterpoint.cli.tables import print_result
    from counterpoint.deploy.extras import flower
    from counterpoint.deploy.files import write_app
    from counterpoint.runs.folder import RunFolder, unused

    flower()
    tools()
    folder = unused(out)
    link, *ports = free_ports(1 + sites + STRANGERS)
    address = f"127.0.0.1:{link}"
    with reading(quiet=False):
        write_app(folder, data=data, method=method, sites=sites, link=address, rounds=rounds)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=stderr(), transient=True) as progress:
        progress.add_task("a federation on this machine")

        def say(now: float, text: str) -> None:
            progress.console.print(f"{now:6.1f} s  {text}", soft_wrap=True, markup=False, highlight=False)

        play = Play(folder.resolve(), sites=sites, link=address, ports=ports, rounds=rounds, seconds=seconds, say=say)
        finished = play.run()
    run = RunFolder(folder / "run")
    if finished:
        print_result(stdout(), run.read_json(run.result), run.report if run.report.exists() else None)
    stdout().print(f"folder  {folder}", soft_wrap=True)
    if not finished:
        raise typer.Exit(FAILED)
