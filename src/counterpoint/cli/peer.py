"""`counterpoint peer`."""

from pathlib import Path
from typing import Annotated

import typer


def peer(
    config: Annotated[Path, typer.Option(metavar="FILE", help="What this device has to know; 'docs/peers.md' tells.")],
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Talk without certificates: anyone near may listen and speak.")
    ] = False,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html.")] = True,
    events: Annotated[bool, typer.Option("--events", help="Print a line of JSON for each round.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no table.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one line of JSON, no table.")] = False,
) -> None:
    """Run one device of a network without a server, until all rounds are done.

    It trains on data of its own and talks to its neighbours alone. Killed and started again it goes on where it was,
    or where its neighbours are by then.
    """
    from counterpoint.cli.events import Events
    from counterpoint.cli.outcome import show
    from counterpoint.cli.progress import choose_watcher
    from counterpoint.cli.reading import reading
    from counterpoint.cli.stopping import stoppable
    from counterpoint.runs.peer import PeerConfig, serve

    watcher = Events() if events else choose_watcher(quiet=quiet)
    with stoppable(watcher), reading(quiet=quiet or events):
        result = serve(PeerConfig.read(config, insecure=insecure), watcher)
    show(result, quiet=quiet or events, as_json=as_json, report=report)
