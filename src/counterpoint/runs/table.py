"""The table of metrics: one row a value, in Parquet."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from pathlib import Path

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
    try:
        table = pq.read_table(path)
    except FileNotFoundError as error:
        raise UserError(f"there is no table of metrics {path}") from error
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"the table of metrics {path} is damaged ({error})") from error
    rows = zip(*(table.column(name).to_pylist() for name in SCHEMA.names), strict=True)
    return [Metric(number, MetricName(*name), value) for number, *name, value in rows]


def final(metrics: Iterable[Metric]) -> dict[MetricName, float]:
    """The last value of each metric."""
    return {metric.name: metric.value for metric in metrics}
