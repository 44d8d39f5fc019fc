"""What `counterpoint data check` prints: how a folder of one's own was understood."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from torch import Tensor

from counterpoint.data import Dataset, Side

MOST = 20
"""Classes and clients that are listed."""


def print_understood(dataset: Dataset, console: Console) -> None:
    """Print kinds, shapes, rows, owners, what is missing, and what to beware of."""
    side, label = dataset.side, dataset.samples.label
    train, own, held = (int((side == one).sum()) for one in (Side.TRAIN, Side.CLIENT_TEST, Side.GLOBAL_TEST))
    tests = f", {own:,} the clients' own tests" if own else ""
    console.print(
        f"{dataset.name}: {len(label):,} rows, of which {train:,} are to train{tests}, {held:,} the server's test"
    )
    console.print(_modalities(dataset))
    console.print(_counted("class", dataset.task.classes, label))
    console.print(_counted("client", dataset.owners, dataset.owner))
    for trap in dataset.card.traps:
        console.print(f"beware: {trap}")


def _modalities(dataset: Dataset) -> Table:
    table = _table("modality", "kind", "shape", "absent rows", "missing cells", "columns")
    for name, modality in dataset.modalities.items():
        there = dataset.samples.present[name]
        gaps = int(dataset.samples.x[name][there].isnan().sum()) if modality.kind == "table" else 0
        shape = " x ".join(map(str, modality.shape)) + (f", {modality.rate:g}/s" if modality.rate else "")
        absent = int((~there).sum())
        table.add_row(name, modality.kind, shape, f"{absent:,}", f"{gaps:,}", ", ".join(modality.columns))
    return table


def _counted(what: str, names: Sequence[str], number: Tensor) -> Table:
    table = _table(what, "rows")
    counts = number.bincount(minlength=len(names)).tolist()
    for name, rows in zip(names[:MOST], counts[:MOST], strict=True):
        table.add_row(name, f"{rows:,}")
    if len(names) > MOST:
        table.add_row(f"{len(names) - MOST:,} others", f"{sum(counts[MOST:]):,}")
    return table


def _table(*columns: str) -> Table:
    return Table(*columns, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
