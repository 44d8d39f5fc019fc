"""A population's rows as plain values, for the run folder and the report."""

from collections.abc import Mapping, Sequence

from counterpoint.data.population import ClientData
from counterpoint.data.samples import Samples

Plain = dict[str, object]


def tell(rows: Samples, classes: Sequence[str]) -> Plain:
    """Rows by label and by pattern; of rows whose labels are hidden, by pattern alone."""
    told: Plain = {"rows": len(rows)}
    if not len(rows) or int(rows.label.min()) >= 0:
        counts = rows.label.bincount(minlength=len(classes)).tolist()
        told["labels"] = dict(zip(classes, counts, strict=True))
    return {**told, "patterns": rows.patterns()}


def tell_client(client: ClientData, types: Mapping[str, object], classes: Sequence[str]) -> Plain:
    """Who a client is, its type if it has one, and its rows."""
    splits = {"train": client.train, "test": client.test, "unlabelled": client.unlabelled}
    return {
        "id": client.id,
        "name": client.name,
        "modalities": list(client.modalities),
        **types,
        **{split: tell(rows, classes) for split, rows in splits.items() if rows is not None},
    }
