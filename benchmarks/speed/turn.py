"""One contestant's turn: a process of its own, its answer read from what it prints."""

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.contestants.job import MARK, Job

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 600.0
QUIET = {
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "MKL_NUM_THREADS": "1",
    "PYTHONPATH": str(ROOT),
    "FLWR_TELEMETRY_ENABLED": "0",
    "FLWR_DISABLE_UPDATE_CHECK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""For every contestant: one thread a process, and nobody phones home."""


def take_turn(python: Path, script: str, job: Job, scratch: Path) -> dict[str, Any]:
    """What a contestant answers, or under `failed` why it does not.

    Args:
        python: interpreter of its environment.
        script: a module of `benchmarks.contestants`.
        job: what it is asked.
        scratch: a folder that it may write to.
    """
    environment = {**os.environ, **QUIET, "FLWR_HOME": str(scratch / "flwr"), "RAY_TMPDIR": str(scratch)}
    process = subprocess.Popen(
        [str(python), "-m", f"benchmarks.contestants.{script}", job.text()],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        said, complained = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return {"failed": f"no answer within {PATIENCE:.0f} s"}
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # nothing that a turn started outlives it
    return answer_in(said) or {"failed": reason_in(complained)}


def answer_in(said: str) -> dict[str, Any]:
    """The last answer in a text, empty if there is none."""
    lines = [line for line in said.splitlines() if line.startswith(MARK)]
    answer: dict[str, Any] = json.loads(lines[-1].removeprefix(MARK)) if lines else {}
    return answer


def reason_in(complained: str) -> str:
    """Why a process failed: its last line, without the name of the exception."""
    last = (complained.strip() or "no answer").splitlines()[-1]
    return last.partition("Error: ")[2] or last
