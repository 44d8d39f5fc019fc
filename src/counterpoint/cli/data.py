"""`counterpoint data`."""

from collections.abc import Iterable, Iterator
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from counterpoint.cli.console import stderr, stdout
from counterpoint.cli.help import Command, example

data = typer.Typer(name="data", rich_markup_mode=None, help="Data sets: list, show, get.")

Name = Annotated[str, typer.Argument(metavar="NAME", hidden=True)]


@data.callback(invoke_without_command=True)
def group(context: typer.Context) -> None:
    """Data sets: list, show, get."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@data.command("list", cls=Command, epilog=example("counterpoint data list"))
def list_() -> None:
    """List the data sets."""
    from counterpoint.data import sources

    table = Table("name", "title", "cached", "rows", "modalities", "licence", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in sources.names():
        card, there = sources.card(name), sources.cached(name)
        rows = card.counts.get("rows")
        table.add_row(
            name,
            card.title,
            "yes" if there else "no",
            "-" if rows is None else f"{rows:,}",
            ", ".join(card.modalities),
            card.licence,
        )
    for column in (0, 2, 3):
        table.columns[column].no_wrap = True
    stdout().print(table)


@data.command(cls=Command, epilog=example("counterpoint data show watch"))
def show(name: Name) -> None:
    """Show what is known of a data set.

    NAME is one that 'counterpoint data list' lists. The card tells where the data is from, what is in it, how it is
    split, and what to beware of.
    """
    from counterpoint.data import sources

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in _facts(name):
        grid.add_row(label, text)
    console = stdout()
    console.print(sources.card(name).title)
    console.print()
    console.print(grid)


def _facts(name: str) -> Iterator[tuple[str, str]]:
    from counterpoint.data import sources

    card = sources.card(name)
    yield "name", card.name
    yield "origin", card.origin
    yield "licence", card.licence
    yield "checksum", f"SHA-256 {card.checksum}"
    yield from _column("counts", (f"{number:,} {what}" for what, number in card.counts.items()))
    yield from _column("modalities", (f"{name}: {what}" for name, what in card.modalities.items()))
    yield "classes", ", ".join(card.classes)
    yield "split", card.split
    yield from _column("beware", card.traps)


def _column(label: str, lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines):
        yield "" if number else label, line


@data.command(cls=Command, epilog=example("counterpoint data get watch"))
def get(
    name: Name,
    force: Annotated[bool, typer.Option("--force", help="Fetch and convert it anew.")] = False,
) -> None:
    """Fetch a data set, and print where it is.

    NAME is one that 'counterpoint data list' lists. Nothing is fetched that is in the cache already.
    """
    from counterpoint.data import sources

    with stderr().status(f"fetching and converting {name}"):
        path = sources.get(name, force)
    typer.echo(path)
