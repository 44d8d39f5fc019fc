"""Runs on two classes: AUC beside accuracy, on every engine."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import counterpoint
from counterpoint import RunResult
from counterpoint.data import Modality, Population, Task
from counterpoint.evaluate import MetricName
from counterpoint.models import LateFusion, MeanFusion
from counterpoint.runs.table import final

Make = Callable[..., Population]
ENGINES: dict[str, Mapping[str, Any]] = {
    "sequential": {"engine": "sequential"},
    "stacks": {"engine": "stacked", "stack": 4, "workers": 1},
    "loop": {"engine": "stacked", "stack": 1, "workers": 1},
}
ONE_CLASS = 1


def small(modalities: Mapping[str, Modality], task: Task) -> LateFusion:
    """A late-fusion model of some dozens of parameters."""
    encoders = {m: nn.Sequential(nn.Flatten(), nn.Linear(6, 4), nn.Tanh()) for m in sorted(modalities)}
    return LateFusion(encoders, MeanFusion(modalities, 4), nn.Linear(4, len(task.classes)), 4)


def exact(score: Tensor, label: Tensor) -> float:
    """Share of the pairs of a sample of each class that are in the right order."""
    apart = score[label == 1][:, None] - score[label == 0]
    return float(((apart.sign() + 1) / 2).mean())


@pytest.fixture(scope="module")
def people(make_population: Make) -> Population:
    """Five ragged clients; the second one's test has one class only."""
    made = make_population([5, 9, 14, 8, 11], classes=2, missing="sample", test=900)
    odd = made.clients[ONE_CLASS]
    test = replace(odd.test, label=torch.zeros_like(odd.test.label))
    clients = tuple(replace(c, test=test) if c.id == ONE_CLASS else c for c in made.clients)
    return replace(made, clients=clients)


@pytest.fixture(scope="module")
def runs(people: Population, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], RunResult]:
    made: dict[tuple[str, str], RunResult] = {}

    def get(method: str, engine: str) -> RunResult:
        if (method, engine) not in made:
            out = tmp_path_factory.mktemp("runs") / method
            how = {"rounds": 2, "epochs": 1, "batch_size": 4, "model": small, "out": out}
            made[method, engine] = counterpoint.run(method, people, **how, **ENGINES[engine])
        return made[method, engine]

    return get


def areas(run: RunResult) -> dict[MetricName, float]:
    return {name: value for name, value in final(run.metrics).items() if name.measure == "auc"}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_area_is_that_of_the_final_weights(runs: Callable[..., RunResult], people: Population, engine: str) -> None:
    """Predictions made here, with an ordinary module and all pairs compared."""
    run = runs("fedavg", engine)
    module = small(people.modalities, people.task).eval()
    module.load_state_dict(run.weights())
    with torch.no_grad():
        logits = module(people.test.batch(torch.arange(len(people.test))))
    area = exact(logits[:, 1] - logits[:, 0], people.test.label)
    assert run.value("auc", scope="server", pattern="observed") == pytest.approx(area, abs=1e-3)
    assert 0.55 < area < 1


@pytest.mark.parametrize("engine", ["stacks", "loop"])
@pytest.mark.parametrize("method", ["fedavg", "local"])
def test_engines_agree(runs: Callable[..., RunResult], method: str, engine: str) -> None:
    expected, found = areas(runs(method, "sequential")), areas(runs(method, engine))
    assert list(found) == list(expected)
    assert expected
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-3), name


@pytest.mark.parametrize("method", ["fedavg", "local"])
def test_a_client_whose_test_has_one_class_has_no_area(runs: Callable[..., RunResult], method: str) -> None:
    found = areas(runs(method, "sequential"))
    kind, moment = ("personal", "after") if method == "local" else ("global", "before")
    own = {
        client: found.get(MetricName("auc", kind, f"client:{client}", "test", "observed", moment))
        for client in range(5)
    }
    assert [client for client, value in own.items() if value is None] == [ONE_CLASS]
    known = [value for value in own.values() if value is not None]
    spread = {
        how: found[MetricName("auc", kind, f"clients:{how}", "test", "observed", moment)]
        for how in ("mean", "worst", "std")
    }
    assert spread["mean"] == pytest.approx(sum(known) / 4)
    assert spread["worst"] == min(known)
    assert spread["std"] == pytest.approx(torch.tensor(known).std(correction=0).item(), abs=1e-6)


def test_every_pattern_has_its_own_area(runs: Callable[..., RunResult]) -> None:
    run = runs("fedavg", "stacks")
    values = {p: run.value("auc", scope="server", pattern=p) for p in ("observed", "acc+gyro", "acc", "gyro")}
    assert len(set(values.values())) == 4


def test_the_summary_and_the_report_say_it(runs: Callable[..., RunResult]) -> None:
    from counterpoint.report import units, write_report
    from counterpoint.runs import RunFolder

    run = runs("fedavg", "stacks")
    area = run.summary["metrics"]["auc/global/server/global_test/observed/before"]
    text = write_report(RunFolder(run.out)).read_text()
    assert units.percent(area) in text
    assert "area under the ROC curve" in text
    assert "Accuracy, macro-F1 and AUC on the global test" in text
    assert "The method's own notes" not in text


def test_three_classes_know_nothing_of_it(make_population: Make, tmp_path: Path) -> None:
    run = counterpoint.run("fedavg", make_population(), rounds=1, model=small, out=tmp_path / "run")
    measures = {name.measure for name in final(run.metrics) if name.scope == "server"}
    assert {"accuracy", "macro_f1", "loss", "samples"} <= measures and "auc" not in measures
