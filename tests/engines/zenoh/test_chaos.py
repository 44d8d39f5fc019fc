"""Random schedules of deaths, returns, hangs, cut and slow wires: nothing hangs, nothing diverges, all learn."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCHEDULES, TOGETHER = 20, 10
SECONDS = 300


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, SCHEDULES, TOGETHER))
def test_nothing_hangs_nothing_diverges_and_all_learn(first: int, tmp_path: Path, keys: Path):
    """Schedules that mostly wait, some at a time, each in a fresh process: it forks, which no session would survive."""
    pytest.importorskip("zenoh")
    program = Path(__file__).parent / "schedule.py"
    plays = {}
    for seed in range(first, first + TOGETHER):
        folder = tmp_path / str(seed)
        folder.mkdir()
        plays[seed] = subprocess.Popen(
            [sys.executable, str(program), str(seed), str(folder), str(keys)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
    try:
        told = {seed: play.communicate(timeout=SECONDS)[0] for seed, play in plays.items()}
    finally:
        for play in plays.values():
            if play.poll() is None:
                os.killpg(play.pid, 9)
    assert {seed: told[seed] for seed, play in plays.items() if play.returncode} == {}
