"""A run can be killed at any moment and resumed to the same bits."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import counterpoint
from counterpoint import RunResult, Stopped, UserError
from counterpoint.evaluate import Metric
from counterpoint.runs.checkpoint import load_checkpoint
from counterpoint.runs.table import read_metrics
from counterpoint.storage import digest

from .conftest import SHORT, Interrupts


def state_of(out: Path) -> dict:
    state = load_checkpoint(out / "checkpoint.safetensors")
    return {k: v for k, v in state.items() if k != "spending"}


def bits(value: object) -> object:
    """A value with tensors replaced by digests of their bits."""
    if isinstance(value, torch.Tensor):
        return digest({"": value})
    if isinstance(value, dict):
        return {k: bits(v) for k, v in value.items()}
    return [bits(v) for v in value] if isinstance(value, list) else value


def assert_same_run(out: Path, reference: RunResult) -> None:
    assert bits(state_of(out)) == bits(state_of(reference.out))
    assert (out / "metrics.parquet").read_bytes() == (reference.out / "metrics.parquet").read_bytes()


def test_same_seed_same_bits(short_run: Callable[..., RunResult], tmp_path: Path) -> None:
    again = counterpoint.run("scaffold", out=tmp_path / "again", **SHORT)
    assert_same_run(again.out, short_run("scaffold"))
    other = counterpoint.run("scaffold", out=tmp_path / "other", **{**SHORT, "seed": 6})
    assert bits(other.weights()) != bits(again.weights())


SEQUENTIAL = {"engine": "sequential"}
STACKS = {"stack": 2, "workers": 1}
CREW = {"stack": 2, "workers": 2, "clients": 8, "partition": "dirichlet:1.0"}
SERVER = {"settings": {"dominance": "server", "mu": 0.1}}
NOISY = {"settings": {"term": "ogm-ge"}}
BLENDED = {"settings": {"term": "blending"}}
MOMENTS: list[tuple[str, str, int, dict[str, Any]]] = [
    ("scaffold", "training", 1, SEQUENTIAL),
    ("scaffold", "training", 25, SEQUENTIAL),
    ("fedadam", "training", 40, SEQUENTIAL),
    ("scaffold", "training", 300, STACKS),
    ("local", "training", 1000, STACKS),
    ("scaffold", "half-written", 4, {}),
    ("centralized", "half-written", 7, {}),
    ("fedadam", "before-rename", 8, {}),
    ("scaffold", "before-rename", 5, CREW),
    ("scaffold", "after-rename", 6, {}),
    ("fedcmi", "before-rename", 6, SERVER),
    ("fedcmi", "training", 30, {**SERVER, **SEQUENTIAL}),
    ("fedcmi", "after-rename", 6, STACKS),
    ("fedavg", "before-rename", 6, NOISY),
    ("fedavg", "before-rename", 6, BLENDED),
]


@pytest.mark.slow
@pytest.mark.parametrize(("method", "moment", "count", "how"), MOMENTS)
def test_killed_and_resumed_to_the_same_bits(
    method: str,
    moment: str,
    count: int,
    how: dict[str, Any],
    tmp_path: Path,
    dying_run: Callable[..., None],
    short_run: Callable[..., RunResult],
) -> None:
    out = tmp_path / "run"
    dying_run(method, moment, count, out, **how)
    assert not (out / "result.json").exists()
    counterpoint.resume(out)
    assert_same_run(out, short_run(method, **how))
    assert not list(out.glob(".*")), "nothing half-written is left"


@pytest.mark.slow
def test_killed_from_outside_again_and_again(tmp_path: Path, short_run: Callable[..., RunResult]) -> None:
    out = tmp_path / "run"
    start = f"counterpoint.run('scaffold', out={str(out)!r}, **{SHORT!r})"
    resume = f"counterpoint.resume({str(out)!r})"
    for extra in (0.05, 0.25, 0.45):
        code = f"import counterpoint; {resume if out.exists() else start}"
        process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        seen = (out / "checkpoint.safetensors").stat().st_mtime_ns if out.exists() else 0
        while time.monotonic() < deadline and process.poll() is None:
            path = out / "checkpoint.safetensors"
            if path.exists() and path.stat().st_mtime_ns != seen:
                break
            time.sleep(0.01)
        time.sleep(extra)
        process.kill()
        process.wait()
    counterpoint.resume(out)
    assert_same_run(out, short_run("scaffold"))


def test_ctrl_c_stops_after_saving_and_says_how_to_go_on(tmp_path: Path, short_run: Callable[..., RunResult]) -> None:
    out = tmp_path / "run"
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Stopped, match=rf"after round 2 of 4; go on with: counterpoint resume {out}"):
        counterpoint.run("scaffold", out=out, watcher=Interrupts(), **SHORT)
    assert signal.getsignal(signal.SIGINT) is before
    assert state_of(out)["round"] == 2
    log = (out / "log.txt").read_text()
    assert "stopped after round 2 of 4" in log
    assert "failed" not in log and "Traceback" not in log, "a stop that was asked for is no failure"
    counterpoint.resume(out)
    assert_same_run(out, short_run("scaffold"))


def test_resuming_a_finished_run_changes_nothing(short_run: Callable[..., RunResult]) -> None:
    done = short_run("scaffold")
    before = bits(state_of(done.out))
    again = counterpoint.resume(done.out)
    assert bits(state_of(done.out)) == before
    assert again.summary["metrics"] == done.summary["metrics"]


def flip(path: Path, place: float) -> None:
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 0x10
    path.write_bytes(data)


@pytest.mark.parametrize("place", [0.0, 0.001, 0.5, 0.999])
def test_a_damaged_checkpoint_is_told(place: float, tmp_path: Path, short_run: Callable[..., RunResult]) -> None:
    out = tmp_path / "run"
    out.mkdir()
    for name in ("config.toml", "checkpoint.safetensors", "metrics.parquet", "population.json"):
        (out / name).write_bytes((short_run("scaffold").out / name).read_bytes())
    flip(out / "checkpoint.safetensors", place)
    with pytest.raises(UserError, match=r"checkpoint\.safetensors"):
        counterpoint.resume(out)


def test_what_is_no_run_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a run folder"):
        counterpoint.resume(tmp_path)


def test_metrics_of_the_table_are_those_of_the_result(short_run: Callable[..., RunResult]) -> None:
    done = short_run("fedadam")
    stored: list[Metric] = read_metrics(done.out / "metrics.parquet")
    assert stored == done.metrics
    written = json.loads((done.out / "result.json").read_text())
    assert written == json.loads(json.dumps(done.summary))
