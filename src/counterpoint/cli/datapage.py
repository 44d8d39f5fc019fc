"""The page that `counterpoint data show` writes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from counterpoint.cli.console import stderr
from counterpoint.cli.reading import reading
from counterpoint.errors import UserError


def write_page(name: str, options: Mapping[str, Any], seed: int, out: Path | None) -> Path:
    """Write the page of a data set, and return its path.

    Where no option says how it is dealt out, natural owners are the clients; if there are none, the page says so.

    Args:
        name: of a data set, or a folder of one's own.
        options: of `populate` that were given.
        seed: of dealing.
        out: the page; data-NAME.html in the current folder where None.

    Raises:
        UserError: there is no such data set, it cannot be dealt out as asked, or the page cannot be made or written.
    """
    from counterpoint.data import populate, prepared
    from counterpoint.report import write_dataset_page

    path = out if out is not None else Path(f"data-{Path(name).resolve().name}.html")
    if not path.parent.is_dir():
        raise UserError(f"cannot write {path}: there is no folder {path.parent}")
    with reading():
        dataset = prepared(name)
    with stderr().status(f"drawing {name}"):
        try:
            population, why = populate(dataset, **options, seed=seed), ""
        except UserError as error:
            if options:
                raise
            population, why = None, str(error)
        return write_dataset_page(path, dataset, population, name=name, options=options, seed=seed, why=why)
