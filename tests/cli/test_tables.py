"""The table that a run ends with says what each number is."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from counterpoint.cli.tables import print_result
from counterpoint.evaluate import MetricName

PATTERNS = {"observed": 0.1, "acc+gyro": 0.2, "acc": 0.3, "gyro": 0.4}


def summary(kind: str) -> dict[str, Any]:
    metrics: dict[str, float] = {"refused/-/clients:sum/-/-/-": 0.0}

    def add(measure: str, scope: str, split: Any, moment: Any, plus: float) -> None:
        for pattern, value in PATTERNS.items():
            metrics[str(MetricName(measure, kind, scope, split, pattern, moment))] = value + plus  # type: ignore[arg-type]

    moments = ("before", "after") if kind == "global" else ("after",)
    for measure, plus in (("accuracy", 0.0), ("macro_f1", 0.5)):
        if kind == "global":
            add(measure, "server", "global_test", "before", plus)
        for split in ("test",) if kind == "global" else ("test", "global_test"):
            for moment in moments:
                for how, more in (("mean", 0.01), ("worst", 0.02), ("std", 0.03)):
                    add(measure, f"clients:{how}", split, moment, plus + more + (0.005 if moment == "after" else 0))
    facts = {"method": "fedavg", "data": "watch", "seed": 3, "rounds": 30, "clients": 1, "seconds": 12.34, "out": "o"}
    return {**facts, "metrics": metrics, "bytes_up": 1_234_567, "bytes_down": 999, "refused": 0}


def lines(kind: str, width: int = 80, **more: Any) -> list[str]:
    console = Console(width=width, markup=False, record=True, file=io.StringIO())
    print_result(console, {**summary(kind), **more}, Path("page.html"))
    return [" ".join(line.split()) for line in console.export_text().splitlines()]


@pytest.mark.parametrize("width", [80, 120])
def test_global(width: int) -> None:
    assert [line for line in lines("global", width) if "0." in line and "sent" not in line] == [
        "global global test before observed 0.100 0.600",
        "acc+gyro 0.200 0.700",
        "acc 0.300 0.800",
        "gyro 0.400 0.900",
        "global own tests before observed 0.110 0.120 0.130 0.610",
        "global own tests after observed 0.115 0.125 0.135 0.615",
    ]


@pytest.mark.parametrize("width", [80, 120])
def test_personal(width: int) -> None:
    assert [line for line in lines("personal", width) if "0." in line] == [
        "personal own tests after observed 0.115 0.125 0.135 0.615",
        "personal global test after observed 0.115 0.125 0.135 0.615",
        "acc+gyro 0.215 0.225 0.235 0.715",
        "acc 0.315 0.325 0.335 0.815",
        "gyro 0.415 0.425 0.435 0.915",
    ]


def test_facts() -> None:
    found = lines("global")
    assert found[0] == "results: fedavg on watch, 30 rounds, 1 client, seed 3"
    assert found[-4:] == ["sent up 1.2 MB, down 999 bytes", "time 12.3 s", "folder o", "report page.html"]


def test_refusals_are_counted() -> None:
    assert "refused 4 uploads" in lines("global", refused=4)


def test_long_paths_stay_whole() -> None:
    long = "/somewhere/" + "x" * 200
    assert f"folder {long}" in lines("global", out=long)


def test_what_was_not_measured_is_left_out() -> None:
    assert not [line for line in lines("global", metrics={}) if "own" in line and "before" in line]


@pytest.mark.parametrize("width", [80, 120])
def test_two_classes_have_an_area_in_a_column_of_its_own(width: int) -> None:
    told = summary("global")
    for scope, split, area in (("server", "global_test", 0.75), ("clients:mean", "test", 0.7)):
        name = MetricName("auc", "global", scope, split, "observed", "before")  # type: ignore[arg-type]
        told["metrics"][str(name)] = area
    found = lines("global", width, metrics=told["metrics"])
    assert any(line.endswith("AUC") for line in found)
    assert "global global test before observed 0.100 0.600 0.750" in found
    assert "acc 0.300 0.800 -" in found, "it was not measured of this pattern"
    assert "global own tests before observed 0.110 0.120 0.130 0.610 0.700" in found


def test_more_classes_have_no_such_column() -> None:
    assert not any("AUC" in line for line in lines("global"))


@pytest.mark.parametrize("kind", ["global", "personal"])
def test_validation_rows_are_called_so(kind: str) -> None:
    named = {"global_test": "global_validation", "test": "validation"}
    metrics = {}
    for text, value in summary(kind)["metrics"].items():
        parts = text.split("/")
        metrics["/".join([*parts[:3], named.get(parts[3], parts[3]), *parts[4:]])] = value
    found = lines(kind, metrics=metrics)
    first, second = ("validation", "own part") if kind == "global" else ("own part", "validation")
    moment = "before" if kind == "global" else "after"
    assert any(line.startswith(f"{kind} {first} {moment} observed 0.1") for line in found)
    assert any(line.startswith(f"{kind} {second} {moment} observed 0.1") for line in found)
    assert "validation: training rows in place of tests; own part: each client's;" in " ".join(found)
    assert not [line for line in found if "global test" in line or "own tests" in line]


def aligned(*, scored: bool) -> dict[str, float]:
    """What a method that aligns modalities records; its accuracy, where a text names classes."""
    found = dict(summary("global")["metrics"]) if scored else {}
    for direction, value in (("image>text", 0.25), ("text>image", 0.125)):
        for depth in (1, 5, 10):
            found[f"recall@{depth}/global/server/global_test/{direction}/before"] = value + depth / 100
        found[f"median_rank/global/server/global_test/{direction}/before"] = 100 * value
    found["recall@1/global/server/global_test/observed/before"] = 0.2
    for how, value in (("mean", 0.5), ("worst", 0.375), ("std", 0.1)):
        for moment, plus in (("before", 0.0), ("after", 0.25)):
            found[f"batch_recall@1/global/clients:{how}/test/observed/{moment}"] = value + plus
    return found


RETRIEVAL = [
    "image>text 0.260 0.300 0.350 25",
    "text>image 0.135 0.175 0.225 12.5",
    "in batches, mean of clients 0.500",
    "in batches, worst client 0.375",
]


def test_what_finds_what_is_a_second_table() -> None:
    found = lines("global", metrics=aligned(scored=True))
    assert found[0] == "results: fedavg on watch, 30 rounds, 1 client, seed 3"
    first = found.index("global global test before observed 0.100 0.600")
    assert found.index(RETRIEVAL[0]) > first
    assert [line for line in found if line in RETRIEVAL] == RETRIEVAL
    assert "retrieval R@1 R@5 R@10 rank" in found


def test_without_accuracy_there_is_no_table_of_it() -> None:
    found = lines("global", metrics=aligned(scored=False))
    assert found[0] == "results: fedavg on watch, 30 rounds, 1 client, seed 3"
    assert [line for line in found if line in RETRIEVAL] == RETRIEVAL
    assert not [line for line in found if "tested on" in line or "worst client stand" in line]


def test_other_methods_have_no_second_table() -> None:
    assert not [line for line in lines("global") if "retrieval" in line]


def test_only_clients_have_tests() -> None:
    found = lines("global", metrics={"batch_recall@1/personal/clients:worst/test/observed/after": 0.125})
    assert "in batches, worst client 0.125" in found
