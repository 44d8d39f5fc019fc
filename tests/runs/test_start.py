"""Starting runs from Python: objects of one's own, and mistakes."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import counterpoint
from counterpoint import Batch, FedAvg, Population, RunResult, UserError, populate
from counterpoint.data import sources
from counterpoint.evaluate import MetricName

from .conftest import SHORT


class Halved(FedAvg):
    """Trains on half the loss."""

    share: float = 0.5

    def loss(self, params, batch, using):  # type: ignore[no-untyped-def]
        return self.share * super().loss(params, batch, using)


class Tiny(nn.Module):
    """Channel means of both sensors, with batch normalisation, into a linear layer; needs both."""

    def __init__(self, modalities: object, task: counterpoint.Task) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(6)
        self.out = nn.Linear(6, len(task.classes))

    def forward(self, batch: Batch) -> Tensor:
        means = torch.cat(
            [batch.x[m].mean(-1) if m in batch.x else torch.zeros(len(batch), 3) for m in ("acc", "gyro")], 1
        )
        return self.out(self.norm(means))


@pytest.fixture(scope="module")
def population() -> Population:
    return populate(sources.load("watch"), clients=3, seed=1)


@pytest.mark.parametrize("buffers", ["average", "local", "server"])
def test_objects_of_ones_own(buffers: str, population: Population, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = counterpoint.run(
        Halved, population, model=Tiny, rounds=2, epochs=1, out=out, settings={"model.buffers": buffers, "share": 0.25}
    )
    assert done.config.options == {"share": 0.25}
    assert done.config.given == ("method", "data", "model")
    scored_on_server = any(name.startswith("accuracy/global/server") for name in done.summary["metrics"])
    assert scored_on_server == (buffers != "local")
    moved = not torch.equal(done.weights()["norm.running_mean"], torch.zeros(6))
    assert moved == (buffers == "average")
    with pytest.raises(UserError, match="was started from Python with a method of its own"):
        counterpoint.resume(out)
    again = counterpoint.resume(out, method=Halved, data=population, model=Tiny)
    assert again.summary["metrics"] == done.summary["metrics"]


def test_other_data_is_noticed(population: Population, tmp_path: Path) -> None:
    out = tmp_path / "run"
    counterpoint.run("fedavg", population, rounds=1, epochs=1, out=out)
    other = populate(sources.load("watch"), clients=3, seed=2)
    with pytest.raises(UserError, match="the data is not what"):
        counterpoint.resume(out, data=other)


def test_a_folder_that_holds_another_run(short_run: Callable[..., RunResult]) -> None:
    done = short_run("scaffold")
    with pytest.raises(UserError, match="holds another run"):
        counterpoint.run("fedavg", out=done.out, **SHORT)


def test_a_folder_that_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UserError, match="is not an empty folder"):
        counterpoint.run("fedavg", out=tmp_path, **SHORT)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"], "nothing was written"


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"method": "fedavgg"}, "unknown method 'fedavgg': did you mean 'fedavg'"),
        ({"data": "wach"}, "unknown data set 'wach': did you mean 'watch'"),
        ({"engine": "flower"}, "a run over Flower is started, and gone on with, by flwr run"),
        ({"engine": "sequentia"}, "unknown engine 'sequentia': did you mean 'sequential'"),
        ({"partition": "dirichlet:0"}, "dirichlet"),
        ({"partition": "dirichlet:0.5", "clients": 10_000}, "use at most"),
        ({"clients": 8}, "natural"),
        ({"missing": "client:0.9"}, "too high"),
        ({"missing": "sample:x"}, "sample:RATE"),
        ({"lr": 0.0}, r"'train\.lr' = 0.0"),
        ({"rounds": 0}, "'rounds' = 0"),
        ({"engine": "sequential", "workers": 2}, "leave out --workers, or take --engine stacked"),
        ({"engine": "sequential", "stack": 1}, "leave out --stack, or take --engine stacked"),
        ({"device": "cuda:9"}, "there is no device 'cuda:9' here; there are: cpu"),
        ({"method": "scaffold", "settings": {"train.momentum": 0.9}}, "scaffold needs plain SGD"),
        ({"settings": {"model.encoder": "gur"}}, "unknown encoder"),
    ],
)
def test_mistakes_are_told_before_anything_is_written(wrong: dict, complaint: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(UserError, match=complaint):
        counterpoint.run(**{"method": "fedavg", "out": out, **SHORT, **wrong})
    assert not out.exists()


def test_default_folders_have_readable_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    short = {**SHORT, "rounds": 1}
    names = [counterpoint.run("fedavg", **short).out.name for _ in range(2)]
    assert names == ["fedavg-watch-sample0.3-seed5", "fedavg-watch-sample0.3-seed5-2"]


def test_the_number_of_threads_is_put_back(short_run: Callable[..., RunResult]) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    counterpoint.resume(short_run("scaffold").out)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


def test_one_value_is_asked_for(short_run: Callable[..., RunResult]) -> None:
    done = short_run("scaffold")
    value = done.value("accuracy", scope="server", pattern="gyro")
    assert (
        value
        == done.summary["metrics"][str(MetricName("accuracy", "global", "server", "global_test", "gyro", "before"))]
    )
    with pytest.raises(UserError, match="metrics match 'accuracy'"):
        done.value("accuracy")
