"""Runs on validation rows: no test has any influence, and every number says what it is of."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import counterpoint
from counterpoint import RunResult
from counterpoint.data import Card, Dataset, Modality, Population, Samples, Side, Task, populate
from counterpoint.errors import UserError
from counterpoint.randomness import generator
from counterpoint.runs import RunFolder, Stopped, Watcher
from counterpoint.runs.config import RunConfig
from counterpoint.runs.fingerprint import fingerprint

OWNERS, CLASSES, EACH = 5, 3, 16
MODALITIES = {"motion": Modality("motion", "sequence", (2, 8)), "table": Modality("table", "table", (5,))}


def dataset(*, declared: bool) -> Dataset:
    """Rows of every class for each owner: training, clients' tests if they are declared, and a global test."""
    rows = OWNERS * CLASSES * EACH
    source = generator(5, "rows")
    label = torch.arange(rows) // OWNERS % CLASSES
    x = {
        m: torch.randn(rows, *k.shape, generator=source) + label.view(-1, *[1] * len(k.shape))
        for m, k in MODALITIES.items()
    }
    sides = [Side.TRAIN] * 11 + [Side.CLIENT_TEST if declared else Side.TRAIN] * 3 + [Side.GLOBAL_TEST] * 2
    return Dataset(
        "made",
        Task(("a", "b", "c")),
        MODALITIES,
        Samples(x, {m: torch.rand(rows, generator=source) < 0.9 for m in x}, label, torch.arange(rows)),
        torch.arange(rows) % OWNERS,
        tuple(f"owner {i}" for i in range(OWNERS)),
        torch.tensor(sides)[torch.arange(rows) // (OWNERS * CLASSES)],
        Card("made", "made up", "nowhere", "none", "", {}, "by row"),
    )


def spoiled(data: Dataset, tests: torch.Tensor, labels: torch.Tensor) -> Dataset:
    """NaN for every value of some rows, and other labels for some rows, bool [rows] each."""
    x = {m: values.clone() for m, values in data.samples.x.items()}
    for values in x.values():
        values[tests] = torch.nan
    label = data.samples.label.clone()
    label[labels] = torch.randint(0, CLASSES, (int(labels.sum()),), generator=generator(9, "other labels"))
    assert not torch.equal(label, data.samples.label)
    return replace(data, samples=replace(data.samples, x=x, label=label))


def outcome(people: Population, method: str, out: Path) -> dict[str, object]:
    """Everything that comes out of a run but how long it took, and all that was drawn."""
    done = counterpoint.run(
        method,
        people,
        rounds=2,
        epochs=1,
        lr=0.05,
        workers=1,
        engine="sequential",
        settings={"model.width": 8},
        out=out,
    )
    weights = {name: value.numpy().tobytes() for name, value in done.weights().items()}
    values = [(m.round, str(m.name), m.value) for m in done.metrics]
    assert all(math.isfinite(value) for _, name, value in values if name.startswith(("accuracy", "loss")))
    return {"weights": weights, "metrics": values, "drawn": people.drawn, "print": fingerprint(people)}


WAYS = [
    {"partition": "natural"},
    {"partition": "dirichlet:0.5", "clients": 4},
    {"partition": "owner:0.1+dirichlet:1", "clients": 4, "missing": "sample:0.3:table"},
    {"partition": "natural", "missing": "client:0.3", "proxy": 0.1, "labels": "rate:0.7"},
    {"partition": "iid", "clients": 3, "missing": "sample:0.3:label"},
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way["partition"] + way.get("missing", ""))
def test_declared_tests_have_no_influence(way: dict[str, Any], tmp_path: Path) -> None:
    clean = dataset(declared=True)
    tests = clean.side != Side.TRAIN
    bad = spoiled(clean, tests, tests)
    method = "local" if way["partition"] == "iid" else "fedavg"
    found = [
        outcome(populate(d, **way, validation=0.25, seed=3), method, tmp_path / str(i))
        for i, d in enumerate((clean, bad))
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way["partition"] + way.get("missing", ""))
def test_nor_have_values_of_tests_that_are_drawn(way: dict[str, Any], tmp_path: Path) -> None:
    """Labels of all rows that are dealt say how they are dealt; those of the global test say nothing."""
    clean = dataset(declared=False)
    whole = populate(clean, **way, seed=3)
    units = torch.cat([client.test.unit for client in whole.clients])
    assert len(units) > 15
    common = clean.side == Side.GLOBAL_TEST
    bad = spoiled(clean, torch.isin(clean.samples.unit, units) | common, common)
    found = [
        outcome(populate(d, **way, validation=0.25, seed=3), "fedavg", tmp_path / str(i))
        for i, d in enumerate((clean, bad))
    ]
    assert found[0] == found[1]


def test_without_validation_they_have(tmp_path: Path) -> None:
    """These tests can fail."""
    clean = dataset(declared=True)
    tests = clean.side != Side.TRAIN
    bad = spoiled(clean, torch.zeros_like(tests), tests)
    prints = [outcome(populate(each), "fedavg", tmp_path / str(i)) for i, each in enumerate((clean, bad))]
    assert prints[0]["metrics"] != prints[1]["metrics"]
    trained = spoiled(clean, torch.zeros_like(tests), ~tests)
    assert fingerprint(populate(clean, validation=0.25)) != fingerprint(populate(trained, validation=0.25))


QUICK: dict[str, Any] = {
    "data": "mfeat",
    "partition": "dirichlet:0.5",
    "clients": 3,
    "rounds": 3,
    "epochs": 1,
    "workers": 1,
}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], RunResult]:
    made: dict[str, RunResult] = {}

    def get(method: str) -> RunResult:
        if method not in made:
            made[method] = counterpoint.run(
                method,
                **QUICK,
                validation=0.2,
                settings={"train.lr": "0.3"},
                out=tmp_path_factory.mktemp("runs") / method,
            )
        return made[method]

    return get


@pytest.mark.parametrize("method", ["fedavg", "local"])
def test_names_say_validation(done: Callable[[str], RunResult], method: str) -> None:
    splits = {metric.name.split for metric in done(method).metrics}
    assert splits == {"validation", "global_validation", "-"}
    where = "global/server" if method == "fedavg" else "personal/clients:mean"
    moment = "before" if method == "fedavg" else "after"
    assert f"accuracy/{where}/global_validation/observed/{moment}" in done(method).summary["metrics"]


def test_the_run_folder_tells(done: Callable[[str], RunResult]) -> None:
    folder = RunFolder(done("fedavg").out)
    assert RunConfig.read(folder.config).data.validation == 0.2
    told = folder.read_json(folder.population)
    assert told["validation"] == 0.2
    assert told["drawn"]["validation"]["share"] == 0.2
    assert told["global_test"]["rows"] == told["drawn"]["validation"]["rows"]


def test_the_folder_is_named_after_it() -> None:
    from counterpoint.runs import configured
    from counterpoint.runs.naming import default_name

    assert default_name(configured("fedavg", "watch", validation=0.2)) == "fedavg-watch-validation0.2-seed0"
    assert default_name(configured("fedavg", "watch")) == "fedavg-watch-seed0"


class Stops(Watcher):
    """Presses Ctrl-C after the first round."""

    def round_done(self, number: int, latest: object, refused: object) -> None:
        import os
        import signal

        if number == 1:
            os.kill(os.getpid(), signal.SIGINT)


def test_it_goes_on_to_the_same_bits(done: Callable[[str], RunResult], tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        counterpoint.run(
            "fedavg", **QUICK, validation=0.2, settings={"train.lr": "0.3"}, out=tmp_path / "cut", watcher=Stops()
        )
    again = counterpoint.resume(tmp_path / "cut")
    assert again.metrics == done("fedavg").metrics
    assert all(torch.equal(value, done("fedavg").weights()[name]) for name, value in again.weights().items())


def test_a_share_that_makes_no_sense() -> None:
    with pytest.raises(UserError, match=r"'data\.validation' = 1\.5: input should be less than 1"):
        counterpoint.run("fedavg", "mfeat", partition="iid", validation=1.5)


def test_a_population_of_ones_own_says_it(tmp_path: Path) -> None:
    people = populate(dataset(declared=True), validation=0.25)
    result = counterpoint.run("fedavg", people, rounds=1, workers=1, out=tmp_path / "out")
    assert result.config.data.validation == 0.25
    with pytest.raises(UserError, match=r"validation=0\.2 is for data given by name"):
        counterpoint.run("fedavg", people, rounds=1, validation=0.2)
