"""Where the time of a run goes, and that its engine is closed whatever happens."""

import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import counterpoint
from counterpoint import FedAvg, RunResult, Stopped, UserError
from counterpoint.engines import Stacked
from counterpoint.engines.profile import KINDS, Profile
from counterpoint.runs.checkpoint import load_checkpoint
from counterpoint.runs.spending import Spending
from counterpoint.runs.watch import Watcher

from .conftest import SHORT, Interrupts

MANY = {**SHORT, "clients": 8, "partition": "dirichlet:1.0", "rounds": 3, "stack": 2, "workers": 2}
"""A run that worker processes take part in from its second round on."""


def of_profile(visits: int = 0, recorded: int = 0, **seconds: float) -> Profile:
    profile = Profile()
    profile.seconds.update(seconds)
    profile.visits, profile.recorded = visits, recorded
    return profile


@pytest.mark.parametrize("how", [{"engine": "sequential"}, {"stack": 2, "workers": 1}], ids=["sequential", "stacked"])
def test_in_one_process_the_kinds_make_up_the_time_on_the_clock(
    how: dict[str, Any], short_run: Callable[..., RunResult]
) -> None:
    summary = short_run("fedavg", **how).summary
    profile = summary["profile"]
    assert profile["seconds"].keys() == {*KINDS, "saving"}
    assert sum(profile["seconds"].values()) == pytest.approx(summary["seconds"], rel=0.25)
    assert sum(profile["phases"].values()) == pytest.approx(summary["seconds"], abs=0.001)
    assert profile["seconds"]["evaluation"] == pytest.approx(profile["phases"]["evaluation"], rel=0.25)
    assert all(profile["seconds"][kind] > 0 for kind in ("compute", "data", "aggregation", "overhead", "saving"))
    assert profile["seconds"]["waiting"] == 0
    assert profile["client_rounds"] == SHORT["rounds"] * SHORT["clients"], "looking is no visit"
    assert profile["workers"] == 1


@pytest.mark.parametrize("how", [{"engine": "sequential"}, {"stack": 2, "workers": 1}], ids=["sequential", "stacked"])
def test_a_resumed_run_adds_up(how: dict[str, Any], tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(Stopped):
        counterpoint.run("fedavg", out=out, watcher=Interrupts(), **SHORT, **how)
    before = load_checkpoint(out / "checkpoint.safetensors")["spending"]
    assert before["client_rounds"] == 2 * SHORT["clients"]
    done = counterpoint.resume(out).summary["profile"]
    assert done["client_rounds"] == 4 * SHORT["clients"]
    for kind in ("compute", "data", "overhead", "evaluation"):
        assert done["seconds"][kind] > before["seconds"][kind] > 0
    assert done["phases"]["training"] > before["phases"]["training"]
    again = counterpoint.resume(out).summary["profile"]
    assert again["client_rounds"] == done["client_rounds"]
    assert again["seconds"]["compute"] == done["seconds"]["compute"], "nothing was left to do"


def test_measured_stacks_are_told(short_run: Callable[..., RunResult]) -> None:
    profile = short_run("fedavg").summary["profile"]
    assert json.loads(json.dumps(profile)) == profile
    measured = [stack for stack in profile["stacks"].values() if stack["seconds"]]
    assert measured and all(stack["clients a stack"] >= 1 for stack in measured)


def test_what_an_earlier_process_told_is_added_to() -> None:
    first = Spending(of_profile(3, 2, compute=1.0, data=0.5))
    first.phases["training"] = 1.75
    first.profile.stacks["local, acc"] = {"clients a stack": 6, "seconds": {1: 0.2, 6: 0.1}}
    first.profile.stacks["local, gyro"] = {"clients a stack": 6, "seconds": {1: 0.2, 6: 0.1}}
    second = Spending(of_profile(4, 1, compute=2.0))
    second.restore(json.loads(json.dumps(first.told())))
    second.profile.stacks["local, acc"] = {"clients a stack": 6, "seconds": {}}
    second.profile.stacks["local, gyro"] = {"clients a stack": 8, "seconds": {}}
    told = second.told()
    assert told["seconds"] == {**dict.fromkeys((*KINDS, "saving"), 0.0), "compute": 3.0, "data": 0.5}
    assert (told["client_rounds"], told["recorded"], told["phases"]) == (7, 3, {"training": 1.75})
    assert told["stacks"]["local, acc"] == {"clients a stack": 6, "seconds": {"1": 0.2, "6": 0.1}}, "as once measured"
    assert told["stacks"]["local, gyro"] == {"clients a stack": 8, "seconds": {}}, "of another width it told nothing"


def test_workers_are_told_once_there_were_any() -> None:
    assert Spending(of_profile()).told()["workers"] == 1
    helped = of_profile()
    helped.workers = 3
    assert Spending(helped).told()["workers"] == 3
    alone = Spending(of_profile())
    alone.restore({"workers": 3})
    assert alone.told()["workers"] == 3


class Fails(FedAvg):
    """Fails in the third round, when there are workers."""

    def round(self, fed: Any) -> None:
        super().round(fed)
        if fed.round == 3:
            raise ZeroDivisionError("oh")


class Twice(Watcher):
    """Presses Ctrl-C twice in the third round."""

    def __init__(self) -> None:
        self.done = 0

    def round_done(self, number: int, latest: object, refused: object) -> None:
        self.done = number

    def client_done(self) -> None:
        if self.done == 2:
            self.done = 3
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How many processes there were each time that an engine was closed."""
    seen: list[str] = []
    plain = Stacked.close

    def close(self: Stacked) -> None:
        seen.append(f"{len(multiprocessing.active_children())} workers")
        plain(self)

    monkeypatch.setattr(Stacked, "close", close)
    return seen


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "watcher", "way"),
    [
        ("fedavg", Watcher, None),
        ("fedavg", Interrupts, Stopped),
        (Fails, Watcher, ZeroDivisionError),
        ("fedavg", Twice, KeyboardInterrupt),
    ],
    ids=["finished", "stopped", "failed", "interrupted"],
)
def test_on_every_way_out_workers_are_ended(
    method: Any, watcher: type[Watcher], way: type[BaseException] | None, closed: list[str], tmp_path: Path
) -> None:
    def go() -> None:
        counterpoint.run(method, out=tmp_path / "run", watcher=watcher(), **MANY)

    if way is None:
        go()
    else:
        with pytest.raises(way):
            go()
    assert closed == ["2 workers"]
    assert not multiprocessing.active_children()


def test_an_engine_that_never_ran_is_closed_too(
    closed: list[str], short_run: Callable[..., RunResult], tmp_path: Path
) -> None:
    done = short_run("scaffold")
    closed.clear()
    with pytest.raises(UserError, match="holds another run"):
        counterpoint.run("fedavg", out=done.out, **SHORT)
    assert closed == ["0 workers"]
    (tmp_path / "config.toml").write_bytes((done.out / "config.toml").read_bytes())
    (tmp_path / "checkpoint.safetensors").write_bytes(b"rubbish")
    with pytest.raises(UserError, match="is damaged"):
        counterpoint.resume(tmp_path)
    assert closed == ["0 workers"] * 2
