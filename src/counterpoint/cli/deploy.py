"""`counterpoint deploy`."""

from pathlib import Path
from typing import Annotated

import typer

from counterpoint.cli.federation.command import demo
from counterpoint.cli.help import Command, example

WRONG = 2

deploy = typer.Typer(name="deploy", rich_markup_mode=None, help="Flower apps for real sites: init, check, demo.")

Folder = Annotated[Path, typer.Argument(metavar="DIR", hidden=True)]


@deploy.callback(invoke_without_command=True)
def group(context: typer.Context) -> None:
    """Flower apps for real sites: init, check, demo."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@deploy.command(
    cls=Command,
    epilog=example("counterpoint deploy init clinics --data watch --method fedcmi --link fl.example.org:8443"),
)
def init(
    folder: Folder,
    *,
    data: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Public data set that sites share at first, or a folder with rows such as theirs."
        ),
    ],
    method: Annotated[str, typer.Option(metavar="METHOD", help="A method with a server, or FILE.py:CLASS.")] = "fedavg",
    sites: Annotated[int, typer.Option(metavar="N", min=1, help="Sites.")] = 3,
    link: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where sites reach the link.")] = "127.0.0.1:8443",
    rounds: Annotated[int, typer.Option(metavar="N", min=1, help="Rounds of a run.")] = 10,
) -> None:
    """Write a Flower app for sites that keep their data, with scripts and a page that leads to the first run.

    DIR is new or empty. Of a public data set each site has a share, until it has data of its own. A folder of your own
    says which classes and modalities the sites agree on; not one of its rows goes into the app.
    """
    from counterpoint.cli.reading import reading
    from counterpoint.deploy.files import write_app

    with reading():
        write_app(folder, data=data, method=method, sites=sites, link=link, rounds=rounds)
    typer.echo(f"{folder / 'README.md'} tells what to do next")


@deploy.command(cls=Command, epilog=example("counterpoint deploy check . --site 2 --data /srv/rows"))
def check(
    folder: Folder,
    *,
    site: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Look as site N; if not given, as the link.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Data of the site, as ./site.sh gets them.")
    ] = None,
) -> None:
    """Tell what is missing or unsafe in an app; nothing is started and nothing is changed.

    DIR is a folder that 'counterpoint deploy init' wrote, at the link or at a site. The exit status is 0 if all is
    well, warnings aside, and 2 if not.
    """
    from rich import box
    from rich.table import Table

    from counterpoint.cli.console import stdout
    from counterpoint.cli.reading import reading
    from counterpoint.deploy.extras import flower
    from counterpoint.errors import UserError

    flower()
    from counterpoint.deploy.checks import Level
    from counterpoint.deploy.checks import check as looked

    if data is not None and site is None:
        raise UserError("--data is of a site: say which one, --site N")
    with reading():
        findings = looked(folder, site=site, data=data or "")
    table = Table("state", "what", "found", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in (0, 1):
        table.columns[column].no_wrap = True
    table.columns[2].overflow = "fold"
    for finding in findings:
        table.add_row(finding.level.value, finding.topic, finding.text)
    stdout().print(table)
    if any(finding.level == Level.ERROR for finding in findings):
        raise typer.Exit(WRONG)


@deploy.command(cls=Command, hidden=True, context_settings={"ignore_unknown_options": True, "help_option_names": []})
def link(arguments: Annotated[list[str], typer.Argument()]) -> None:
    """Run Flower's SuperLink, which then takes orders from this machine alone; link.sh does so."""
    from counterpoint.deploy.extras import flower

    flower()
    from counterpoint.deploy.link import serve

    serve(arguments)


deploy.command(cls=Command, epilog=example("counterpoint deploy demo"))(demo)
