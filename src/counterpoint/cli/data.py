"""`counterpoint data`."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table

from counterpoint.cli.console import stdout
from counterpoint.cli.help import Command, example
from counterpoint.cli.options import Clients, Labels, Missing, MissingTest, Partition, Proxy
from counterpoint.cli.reading import reading

if TYPE_CHECKING:
    from counterpoint.data import Card

data = typer.Typer(name="data", rich_markup_mode=None, help="Data sets: list, show, get, check.")

Name = Annotated[str, typer.Argument(metavar="NAME", hidden=True)]


@data.callback(invoke_without_command=True)
def group(context: typer.Context) -> None:
    """Data sets: list, show, get, check."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@data.command("list", cls=Command, epilog=example("counterpoint data list"))
def list_() -> None:
    """List the data sets.

    Those with 'folder' in place of 'cached' are not fetched: get them, and name them as NAME:FOLDER.
    """
    from counterpoint.data import sources

    table = Table("name", "title", "cached", "rows", "modalities", "licence", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in sources.names():
        card, there = sources.card(name), "yes" if sources.cached(name) else "no"
        rows = card.counts.get("rows")
        table.add_row(
            name,
            card.title,
            "folder" if sources.from_folder(name) else there,
            "-" if rows is None else f"{rows:,}",
            ", ".join(card.modalities),
            card.licence,
        )
    for column in (0, 2, 3):
        table.columns[column].no_wrap = True
    stdout().print(table)


@data.command(
    cls=Command, epilog=example("counterpoint data show watch --partition dirichlet:0.5 --missing client:0.3")
)
def show(
    name: Name,
    *,
    partition: Partition = None,
    clients: Clients = None,
    missing: Missing = None,
    missing_test: MissingTest = None,
    labels: Labels = None,
    proxy: Proxy = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Seed of everything that is drawn. [default: 0]")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the page there; if not given, data-NAME.html.")
    ] = None,
) -> None:
    """Show what is known of a data set; with any option, also write a page of it.

    NAME is one that 'counterpoint data list' lists, NAME:FOLDER, or a folder of your own. The card tells where the
    data is from, what is in it, how it is split, and what to beware of. The page shows samples of each modality too,
    and who holds what once it is dealt out.
    """
    dealing: dict[str, Any] = {
        "partition": partition,
        "clients": clients,
        "missing": missing,
        "missing_test": missing_test,
        "labels": labels,
        "proxy": proxy,
    }
    options = {what: value for what, value in dealing.items() if value is not None}
    page = None
    if options or seed is not None or out is not None:
        from counterpoint.cli.datapage import write_page

        page = write_page(name, options, seed or 0, out)
    card = _card(name)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in _facts(card):
        grid.add_row(label, text)
    console = stdout()
    console.print(card.title)
    console.print()
    console.print(grid)
    if page is not None:
        typer.echo(f"\n{page}")


def _card(name: str) -> "Card":
    from counterpoint.data import prepared, sources

    return sources.card(name) if name in sources.names() else prepared(name).card


def _facts(card: "Card") -> Iterator[tuple[str, str]]:
    yield "name", card.name
    yield "origin", card.origin
    yield "licence", card.licence
    yield from [("checksum", f"SHA-256 {card.checksum}")] if card.checksum else []
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

    NAME is one that 'counterpoint data list' lists. Nothing is fetched that is in the cache already. What cannot be
    fetched is read from where you have it, and converted: crema-d:/path/to/CREMA-D.
    """
    from counterpoint.data import sources

    with reading():
        path = sources.get(name, force)
    typer.echo(path)


@data.command(cls=Command, epilog=example("counterpoint data check ./clinic"))
def check(folder: Annotated[Path, typer.Argument(metavar="FOLDER", hidden=True)]) -> None:
    """Read a folder of your own, and print what was understood, or what is wrong.

    FOLDER holds data.csv (or .tsv, .jsonl, .parquet), one row a sample, with a column 'label', and the pictures,
    recordings and arrays that it names.
    """
    from counterpoint.cli.datacheck import print_understood
    from counterpoint.data.own import load_folder

    with reading():
        dataset = load_folder(folder)
    print_understood(dataset, stdout())
