"""Writing pages: the report of a run, that of a comparison, and the page of a data set."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from counterpoint.data.population import Dataset, Population
from counterpoint.errors import UserError
from counterpoint.experiments.store import Store
from counterpoint.report.extras import extras
from counterpoint.report.record import read_record
from counterpoint.runs.folder import RunFolder
from counterpoint.storage import write_atomically


def write_report(folder: RunFolder) -> Path:
    """Write `report.html` into a run folder, out of the folder's files only; the run may still be going on.

    Equal files give an equal page. It needs no network and no other file.

    Raises:
        UserError: a file of the folder is missing or damaged, or matplotlib or jinja2 is not installed.
    """
    with extras("the report"):
        from counterpoint.report.page import render
    return _write(folder.report, render(read_record(folder)))


def write_comparison(folder: Path) -> Path:
    """Write `report.html` into the folder of a comparison, out of its files and those of its runs only.

    Runs may be missing, and may still be going on. Equal files give an equal page, which needs no network and no other
    file.

    Raises:
        UserError: the folder holds no comparison, a file is missing or damaged, or matplotlib, jinja2 or scipy is not
            installed.
    """
    store = Store.open(folder)
    with extras("the report"):
        from counterpoint.report.comparison.evidence import read_evidence
        from counterpoint.report.comparison.page import render
    return _write(store.report, render(read_evidence(folder)))


def write_dataset_page(
    path: Path,
    dataset: Dataset,
    population: Population | None = None,
    *,
    name: str = "",
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
    why: str = "",
) -> Path:
    """Write the page of a data set: its card, samples of each modality, and who holds what.

    Equal data gives an equal page. It needs no network and no other file.

    Args:
        path: of the page; what is there is replaced.
        dataset: what is shown.
        population: how it was dealt out; None where it was not.
        name: by which the data set is asked for, if that is not its own name.
        options: of `populate` that the population was made with.
        seed: that it was made with; samples are chosen by it too.
        why: it was not dealt out, if somebody tried.

    Raises:
        UserError: the page cannot be written, or matplotlib or jinja2 is not installed.
    """
    with extras("the page of a data set"):
        from counterpoint.report.dataset.page import render
    return _write(path, render(dataset, population, name or dataset.name, options or {}, seed, why))


def _write(path: Path, page: str) -> Path:
    try:
        write_atomically(path, page.encode())
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error
    return path
