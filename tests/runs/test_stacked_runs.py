"""Runs on the stacked engine: the numbers of the sequential one, and the same bits after a stop."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import counterpoint
from counterpoint import RunResult, Stopped
from counterpoint.evaluate import Metric

from .conftest import Interrupts
from .test_resume import assert_same_run

SHORT = {"data": "watch", "clients": 3, "rounds": 3, "epochs": 1, "missing": "sample:0.3", "seed": 5}
NAMES = ("scaffold", "local", "fedadam")


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], RunResult]:
    made: dict[str, RunResult] = {}

    def get(method: str) -> RunResult:
        if method not in made:
            out = tmp_path_factory.mktemp("runs") / method
            made[method] = counterpoint.run(method, out=out, engine="stacked", **SHORT)
        return made[method]

    return get


@pytest.mark.slow
@pytest.mark.parametrize("method", NAMES)
def test_stopped_and_resumed_to_the_same_bits(
    tmp_path: Path, whole_run: Callable[[str], RunResult], method: str
) -> None:
    out = tmp_path / "run"
    with pytest.raises(Stopped, match="after round 2 of 3"):
        counterpoint.run(method, out=out, engine="stacked", watcher=Interrupts(), **SHORT)
    counterpoint.resume(out)
    assert_same_run(out, whole_run(method))


MANY = {**SHORT, "clients": 8, "partition": "dirichlet:1.0"}


@pytest.mark.slow
@pytest.mark.parametrize(("method", "stack"), [("scaffold", 2), ("local", 1), ("scaffold", None), ("local", None)])
def test_no_bit_depends_on_the_number_of_workers(tmp_path: Path, method: str, stack: int | None) -> None:
    one, two = (
        counterpoint.run(method, out=tmp_path / str(n), workers=n, stack=stack, engine="stacked", **MANY)
        for n in (1, 2)
    )
    assert [run.summary["profile"]["workers"] for run in (one, two)] == [1, 2], "workers were at work"
    assert_same_run(two.out, one)


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_workers(tmp_path: Path) -> None:
    whole = counterpoint.run("scaffold", out=tmp_path / "whole", workers=1, stack=2, **MANY)
    out = tmp_path / "run"
    with pytest.raises(Stopped, match="after round 2 of 3"):
        counterpoint.run("scaffold", out=out, workers=1, stack=2, watcher=Interrupts(), **MANY)
    config = (out / "config.toml").read_bytes()
    done = counterpoint.resume(out, workers=2)
    assert_same_run(out, whole)
    assert done.config.workers == 2
    assert (out / "config.toml").read_bytes() == config, "how many there were is no part of the run"


def keyed(metrics: list[Metric]) -> dict[tuple[int, str], float]:
    return {(m.round, str(m.name)): m.value for m in metrics}


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["none", "client:0.4", "sample:0.3"])
def test_a_run_gives_the_numbers_of_the_sequential_one(tmp_path: Path, missing: str) -> None:
    """After one round; from then on training itself blows up the last bits, by a factor of 20 and more a round."""
    how = {"rounds": 1, "epochs": 1, "missing": missing}
    runs = [
        counterpoint.run("fedavg", "watch", out=tmp_path / engine, engine=engine, **how)
        for engine in ("sequential", "stacked")
    ]
    reference, found = (run.weights() for run in runs)
    assert found.keys() == reference.keys()
    assert max(float((found[n] - reference[n]).abs().max()) for n in found) < 1e-5
    expected, metrics = (keyed(run.metrics) for run in runs)
    assert list(metrics) == list(expected), "the same rows in the same order"
    rows = {key[1].replace("samples", "accuracy"): n for key, n in expected.items() if "samples" in key[1]}
    for key, value in expected.items():
        if "seconds" in key[1]:
            continue
        apart = abs(metrics[key] - value)
        if "accuracy" in key[1]:
            assert apart <= 1 / rows.get(key[1], 40) + 1e-6, key
        elif "f1" in key[1]:
            assert apart < 0.02, key
        else:
            assert apart <= 1e-4 * max(1.0, abs(value)), key
    assert torch.isfinite(torch.tensor([v for k, v in metrics.items() if "loss" in k[1]])).all()
