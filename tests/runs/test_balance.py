"""Measures of balance of real runs: named, consistent, and the same on both engines."""

from collections.abc import Callable

import pytest

from counterpoint import RunResult
from counterpoint.data import populate, sources
from counterpoint.evaluate import MetricName
from counterpoint.runs.table import final

Short = Callable[..., RunResult]
BALANCE = ("fusion_gap", "majority", "contribution", "confidence", "class_std")


def told(run: RunResult) -> dict[MetricName, float]:
    return {n: value for n, value in final(run.metrics).items() if n.measure.partition("[")[0] in BALANCE}


@pytest.mark.parametrize("method", ["fedadam", "local"])
def test_contributions_add_up(short_run: Short, method: str) -> None:
    kind, scope, moment = ("personal", "clients:mean", "after") if method == "local" else ("global", "server", "before")
    latest = final(short_run(method).metrics)
    value = {
        (n.measure, n.pattern): v
        for n, v in latest.items()
        if (n.model, n.scope, n.split, n.moment) == (kind, scope, "global_test", moment)
    }
    whole = value["accuracy", "acc+gyro"] - value["majority", "acc+gyro"]
    assert value["contribution", "acc"] + value["contribution", "gyro"] == pytest.approx(whole, abs=1e-12)
    by_class = [v for (measure, pattern), v in value.items() if measure.startswith("confidence[") and pattern == "gyro"]
    assert len(by_class) == 7
    assert value["confidence", "gyro"] == pytest.approx(sum(by_class) / 7)


def test_balance_is_told_of_the_global_test_and_by_class_without_clients(short_run: Short) -> None:
    names = set(told(short_run("local")))
    assert {n.split for n in names} == {"global_test"}
    assert {n.scope for n in names if "[" in n.measure} == {"clients:mean"}
    assert {n.pattern for n in names if n.measure.startswith("confidence")} == {"acc", "gyro"}
    assert MetricName("fusion_gap", "personal", "client:0", "global_test", "acc+gyro", "after") in names


def test_majority_is_that_of_the_samples_that_have_all(short_run: Short) -> None:
    test = populate(sources.load("watch"), clients=3, missing="sample:0.3", seed=5).test
    label = test.label[test.present["acc"] & test.present["gyro"]]
    found = short_run("fedadam").value("majority", scope="server")
    assert found == int(label.bincount().max()) / len(label)


@pytest.mark.parametrize("missing", ["sample:0.3", "client:0.5"])
@pytest.mark.parametrize("method", ["fedavg", "local"])
def test_engines_agree(short_run: Short, method: str, missing: str) -> None:
    """One round, so that predictions near a tie are the same on both."""
    one = told(short_run(method, engine="sequential", missing=missing, rounds=1))
    many = told(short_run(method, engine="stacked", missing=missing, rounds=1, stack=3, workers=1))
    assert one and list(one) == list(many)
    for name, value in one.items():
        assert many[name] == pytest.approx(value, abs=2e-3 if "confidence" not in name.measure else 1e-5), name
