"""`counterpoint methods`."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from counterpoint.cli.console import stdout

if TYPE_CHECKING:
    from counterpoint.cli.schema import Setting
    from counterpoint.methods import Method
    from counterpoint.methods.terms import Term


def methods(
    method: Annotated[str | None, typer.Argument(metavar="[METHOD]", hidden=True)] = None,
) -> None:
    """List the methods and terms, or show one and its settings.

    METHOD is a name out of the lists, or FILE.py, or FILE.py:CLASS of a method.
    """
    console = stdout()
    if method is None:
        _list(console)
    else:
        from counterpoint.methods import find_method
        from counterpoint.methods.terms import TERMS, find_term

        if method in TERMS:
            _show(console, find_term(method), "term.")
        else:
            _show(console, find_method(method))


def _list(console: Console) -> None:
    from counterpoint.cli.schema import plain
    from counterpoint.methods import METHODS
    from counterpoint.methods.terms import TERMS

    kinds: dict[str, Mapping[str, type[Method] | type[Term]]] = {"method": METHODS, "term": TERMS}
    for kind, known in kinds.items():
        table = _table(kind, "what it is", "options")
        for name, cls in known.items():
            options = ", ".join(f"{key}={plain(value)}" for key, value in cls().options.items())
            table.add_row(name, _paragraphs(cls)[0], options)
        console.print(table)
    console.print(" terms stand in place of the cross-entropy of any method without an objective of its own:")
    console.print(" --set term=ogm-ge --set term.alpha=0.5", soft_wrap=True)
    console.print(" more of one: counterpoint methods NAME", soft_wrap=True)


def _show(console: Console, cls: "type[Method] | type[Term]", prefix: str = "") -> None:
    from counterpoint.cli.schema import settings_of
    from counterpoint.methods import Method
    from counterpoint.methods.options import options_model

    console.print("\n\n".join([cls.name, *_paragraphs(cls)]))
    if own := list(settings_of(options_model(cls), prefix=prefix)):
        console.print()
        console.print(_settings(f"options of {cls.name}, --set KEY=VALUE", own))
    else:
        console.print("\nIt has no options of its own.")
    if not issubclass(cls, Method):
        return
    console.print()
    console.print(_settings("further settings, --set KEY=VALUE", _further(cls.usual_lr)))


def _further(lr: float) -> "Iterator[Setting]":
    """Settings that every method has, with the defaults of a run, and the method's own learning rate."""
    from counterpoint import runs
    from counterpoint.cli.schema import settings_of
    from counterpoint.runs.config import SECTIONS

    of_run = {name: p.default for name, p in inspect.signature(runs.run).parameters.items()} | {"lr": lr}
    for section in SECTIONS:
        kind = runs.RunConfig.model_fields[section].annotation
        defaults = of_run if section == "train" else None
        yield from settings_of(kind, prefix=f"{section}.", defaults=defaults)


def _settings(title: str, settings: "Iterable[Setting]") -> Table:
    rows = list(settings)
    texts = any(row.text for row in rows)
    table = _table("key", "type", "default", "bounds", *(["what it is"] if texts else []))
    table.title, table.title_justify = title, "left"
    for row in rows:
        table.add_row(*(row if texts else row[:-1]))
    return table


def _table(*columns: str) -> Table:
    table = Table(*columns, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.columns[0].no_wrap = True
    return table


def _paragraphs(cls: type) -> list[str]:
    """A docstring's paragraphs, each on one line unless something in it is indented."""
    text = inspect.cleandoc(cls.__doc__ or "")
    return [
        part if any(line.startswith(" ") for line in part.splitlines()) else " ".join(part.split())
        for part in text.split("\n\n")
    ]
