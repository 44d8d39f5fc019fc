"""The table of metrics."""

import math
from pathlib import Path

import pytest

from counterpoint.errors import UserError
from counterpoint.evaluate import Metric, MetricName
from counterpoint.runs.table import read_curves, read_metrics, write_metrics

PARTS = [(f"client:{n}", pattern) for n in range(3) for pattern in ("acc", "gyro")]
NAMES = [MetricName("accuracy", "global", scope, "test", pattern, "before") for scope, pattern in PARTS]


def test_curves_are_the_metrics_by_name(tmp_path: Path) -> None:
    metrics = [Metric(r, name, r + i / 10) for r in (3, 1, 2) for i, name in enumerate(NAMES)]
    metrics += [Metric(2, MetricName("loss"), math.inf), Metric(1, MetricName("loss"), 0.5)]
    write_metrics(tmp_path / "m.parquet", metrics)
    assert read_metrics(tmp_path / "m.parquet") == metrics
    curves = read_curves(tmp_path / "m.parquet")
    assert curves.keys() == {metric.name for metric in metrics}
    assert curves[NAMES[4]] == [(1, 1.4), (2, 2.4), (3, 3.4)]
    assert curves[MetricName("loss")] == [(1, 0.5), (2, math.inf)]


def test_of_two_values_in_a_round_the_last_counts(tmp_path: Path) -> None:
    write_metrics(tmp_path / "m.parquet", [Metric(1, NAMES[0], 0.25), Metric(1, NAMES[0], 0.75)])
    assert read_curves(tmp_path / "m.parquet") == {NAMES[0]: [(1, 0.75)]}


def test_an_empty_table_has_no_curves(tmp_path: Path) -> None:
    write_metrics(tmp_path / "m.parquet", [])
    assert read_curves(tmp_path / "m.parquet") == {}


def test_no_table_and_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no table of metrics"):
        read_curves(tmp_path / "m.parquet")
    (tmp_path / "m.parquet").write_bytes(b"rubbish")
    with pytest.raises(UserError, match="is damaged"):
        read_curves(tmp_path / "m.parquet")
