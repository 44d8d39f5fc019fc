"""The table of metrics: one row a value, in Parquet."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from counterpoint.errors import UserError
from counterpoint.evaluate import Metric, MetricName
from counterpoint.storage import write_atomically

NAME_COLUMNS = tuple(f.name for f in fields(MetricName))
SCHEMA = pa.schema(
    [
        ("round", pa.int32()),
        *((column, pa.dictionary(pa.int32(), pa.string())) for column in NAME_COLUMNS),
        ("value", pa.float64()),
    ]
)


def write_metrics(path: Path, metrics: Sequence[Metric]) -> None:
    """Write a table atomically; equal metrics give equal bytes."""
    names = list(zip(*(astuple(metric.name) for metric in metrics), strict=True)) or [()] * len(NAME_COLUMNS)
    columns = [
        pa.array([metric.round for metric in metrics], pa.int32()),
        *(pa.array(values, pa.string()).dictionary_encode() for values in names),
        pa.array([metric.value for metric in metrics], pa.float64()),
    ]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, schema=SCHEMA), buffer)
    write_atomically(path, buffer.getvalue())


def read_metrics(path: Path) -> list[Metric]:
    """The metrics in a table.

    Raises:
        UserError: there is none, or it is damaged.
    """
    table = _read(path)
    rows = zip(*(table.column(name).to_pylist() for name in SCHEMA.names), strict=True)
    return [Metric(number, MetricName(*name), value) for number, *name, value in rows]


def read_curves(path: Path) -> dict[MetricName, list[tuple[int, float]]]:
    """The values of each metric by round, in order of rounds; of several in one round the last.

    It makes no object a row, so that the tables of many runs are soon read.

    Raises:
        UserError: there is no table, or it is damaged.
    """
    table = _read(path).unify_dictionaries()
    if not len(table):
        return {}
    names = [table.column(column).combine_chunks() for column in NAME_COLUMNS]
    code = np.zeros(len(table), dtype=np.int64)
    for column in names:
        code = code * len(column.dictionary) + column.indices.to_numpy()
    _, first, which = np.unique(code, return_index=True, return_inverse=True)
    order = np.argsort(which, kind="stable")
    ends = np.cumsum(np.bincount(which))[:-1]
    rounds, values = (np.split(table.column(column).to_numpy()[order], ends) for column in ("round", "value"))
    found = {}
    for row, numbers, own in zip(first.tolist(), rounds, values, strict=True):
        name = MetricName(*(column[row].as_py() for column in names))
        found[name] = sorted(dict(zip(numbers.tolist(), own.tolist(), strict=True)).items())
    return found


def _read(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except FileNotFoundError as error:
        raise UserError(f"there is no table of metrics {path}") from error
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"the table of metrics {path} is damaged ({error})") from error


def final(metrics: Iterable[Metric]) -> dict[MetricName, float]:
    """The last value of each metric."""
    return {metric.name: metric.value for metric in metrics}
