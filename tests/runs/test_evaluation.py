"""What is scored, on whose data, and how it is named."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from counterpoint import RunResult, run
from counterpoint.evaluate import MetricName
from counterpoint.runs.table import final


def test_every_combination_that_means_something_is_there(short_run: Callable[..., RunResult]) -> None:
    latest = final(short_run("fedadam").metrics)
    for pattern in ("observed", "acc+gyro", "acc", "gyro"):
        for measure in ("accuracy", "macro_f1", "loss", "samples"):
            assert MetricName(measure, "global", "server", "global_test", pattern, "before") in latest
            for client in range(3):
                for moment in ("before", "after"):
                    assert MetricName(measure, "global", f"client:{client}", "test", pattern, moment) in latest
        for how in ("mean", "worst", "std"):
            assert MetricName("accuracy", "global", f"clients:{how}", "test", pattern, "after") in latest


def test_personal_models_are_called_so(short_run: Callable[..., RunResult]) -> None:
    names = {name for name in final(short_run("local").metrics) if name.measure == "accuracy"}
    assert {(n.model, n.moment) for n in names} == {("personal", "after")}
    assert {n.split for n in names} == {"test", "global_test"}


def test_summaries_are_those_of_the_clients(short_run: Callable[..., RunResult]) -> None:
    latest = final(short_run("fedadam").metrics)
    for measure, worst in (("accuracy", min), ("loss", max)):
        each = [latest[MetricName(measure, "global", f"client:{c}", "test", "observed", "before")] for c in range(3)]
        values = {
            h: latest[MetricName(measure, "global", f"clients:{h}", "test", "observed", "before")]
            for h in ("mean", "worst", "std")
        }
        assert values["mean"] == pytest.approx(sum(each) / 3)
        assert values["worst"] == worst(each)
        assert values["std"] == pytest.approx(torch.tensor(each).std(correction=0).item(), rel=1e-5)


def test_rows_of_a_pattern_are_those_that_have_it(short_run: Callable[..., RunResult]) -> None:
    """Of 1145 rows of the global test 30 % of all pairs are missing, and no row has lost both."""
    latest = final(short_run("fedadam").metrics)
    rows = {
        p: latest[MetricName("samples", "global", "server", "global_test", p, "before")]
        for p in ("observed", "acc+gyro", "acc", "gyro")
    }
    assert rows["observed"] == 1145
    assert rows["acc+gyro"] == 1145 - round(0.3 * 2 * 1145)
    assert rows["acc"] + rows["gyro"] - rows["acc+gyro"] == 1145


def test_bytes_add_up(short_run: Callable[..., RunResult]) -> None:
    done = short_run("fedadam")
    latest = final(done.metrics)
    for direction in ("up", "down"):
        total = {n: v for n, v in latest.items() if n.measure.startswith(f"total_bytes_{direction}[")}
        by_client = sum(v for n, v in total.items() if n.scope.startswith("client:"))
        overall = sum(v for n, v in total.items() if n.scope == "clients:sum")
        per_round = sum(m.value for m in done.metrics if m.name.measure.startswith(f"bytes_{direction}["))
        assert by_client == overall == per_round == done.summary[f"bytes_{direction}"] > 0


def test_accuracy_is_that_of_the_final_weights(short_run: Callable[..., RunResult]) -> None:
    """Predictions made here, with an ordinary module, score as the table says."""
    from counterpoint.data import populate, sources
    from counterpoint.models import ModelSettings, late_fusion

    done = short_run("fedadam")
    population = populate(sources.load("watch"), clients=3, missing="sample:0.3", seed=5)
    module = late_fusion(population.modalities, population.task, ModelSettings()).eval()
    module.load_state_dict(done.weights())
    with torch.no_grad():
        logits = module(population.test.batch(torch.arange(len(population.test))))
    accuracy = (logits.argmax(1) == population.test.label).double().mean().item()
    assert done.value("accuracy", scope="server", pattern="observed") == pytest.approx(accuracy, abs=1e-9)


def test_a_further_model_is_not_scored_on_rows_that_nobody_has(tmp_path: Path):
    """With half of the modalities away no row of two has both."""
    result = run(
        "server-only",
        "watch",
        rounds=1,
        epochs=1,
        missing="client:0.5",
        labels="server:0.05",
        settings={"label_shares": "0.5", "evaluate.after": False},
        out=tmp_path / "run",
        engine="sequential",
    )
    found = {m.name.pattern for m in result.metrics if m.name.measure == "accuracy[labels 0.5]"}
    assert found
    assert "acc+gyro" not in found
