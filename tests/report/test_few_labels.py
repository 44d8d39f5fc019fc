"""What the page shows of learning with few labels: further models, and embeddings against weights."""

from collections.abc import Callable

import pytest

from counterpoint.evaluate import Metric, MetricName
from counterpoint.report import write_report
from counterpoint.report.record import read_record
from counterpoint.report.sections.break_even import break_even, given_once
from counterpoint.report.sections.notes import notes
from counterpoint.report.sections.others import others
from counterpoint.report.sections.traffic import sent
from counterpoint.report.sections.worth import worth
from counterpoint.runs.folder import RunFolder

Make = Callable[..., RunFolder]


def further(*names: str) -> list[Metric]:
    return [
        Metric(number, MetricName(f"{measure}[{name}]", "global", "server", "global_test", pattern, "before"), value)
        for place, name in enumerate(names)
        for measure in ("accuracy", "macro_f1")
        for pattern in ("observed", "acc+gyro", "acc", "gyro")
        for number, value in enumerate([0.1, 0.2, 0.25, 0.25 + 0.125 * place], 1)
    ]


def proxy(rows: float = 150.0) -> list[Metric]:
    told = {"break_even": 300.0, "told_rows": rows, "row_bytes": 1000.0, "proxy_bytes": 7e6}
    return [Metric(n, MetricName(name, scope="server"), value) for n in range(1, 5) for name, value in told.items()]


def test_further_models_are_shown_beside_the_main_one(make: Make) -> None:
    section = others(read_record(make(more=further("labels 0.1", "labels 0.5"))))
    accuracy, f1 = section.plots
    assert (accuracy.title, f1.title, accuracy.caption) == ("Accuracy", "Macro-F1", "On the global test.")
    assert list(accuracy.table.head) == ["shown", "all", "labels 0.1", "labels 0.5"]
    rows = {row[0]: row[2:] for row in accuracy.table.rows}
    assert rows["observed"] == ["25.0%", "37.5%"] and set(rows) == {"observed", "acc+gyro", "acc", "gyro"}
    assert "labels 0.5: 37.5%" in accuracy.svg


def test_without_further_models_there_is_no_section(make: Make) -> None:
    assert not others(read_record(make()))
    assert "Further models" not in write_report(make(name="b")).read_text(encoding="utf-8")


def test_lines_cross_where_embeddings_cost_what_weights_do(make: Make) -> None:
    record = read_record(make(more=proxy()))
    plot = break_even(record.curves)
    assert plot is not None
    assert plot.caption == (
        "One way, in 32 bits. The lines cross at 300 rows; with 150 rows told of here, embeddings are 0.5 times the "
        "weights."
    )
    assert [list(row) for row in plot.table.rows] == [
        ["150", "150 kB", "300 kB"],
        ["300", "300 kB", "300 kB"],
    ]
    assert break_even(read_record(make(name="b")).curves) is None


def test_what_is_given_once_comes_before_all_bytes(make: Make) -> None:
    plain, record = read_record(make(name="b")), read_record(make(more=proxy()))
    assert given_once(record.curves) == 7e6 and given_once(plain.curves) == 0
    assert sent(record.curves)[0] == (0, 7e6)
    assert [value - 7e6 for _, value in sent(record.curves)[1:]] == [value for _, value in sent(plain.curves)]
    assert "7 MB that it takes to give the proxy rows" in worth(record).lead
    assert "proxy rows" not in worth(plain).lead


@pytest.mark.parametrize("more", [further("labels 0.1"), proxy()])
def test_they_are_no_notes(make: Make, more: list[Metric]) -> None:
    assert not notes(read_record(make(more=more)))
