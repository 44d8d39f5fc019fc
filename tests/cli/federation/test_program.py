"""Killing a program leaves nothing of it."""

import sys
from pathlib import Path
from time import monotonic, sleep

from counterpoint.cli.federation.program import Program, family

CHILDREN = """
import subprocess, sys, time
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
apart = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print("ready", other.pid, apart.pid, flush=True)
time.sleep(60)
"""


def until(what, seconds: float = 20.0) -> None:  # type: ignore[no-untyped-def]
    end = monotonic() + seconds
    while not what():
        assert monotonic() < end
        sleep(0.05)


def test_everything_that_it_started_ends_with_it(tmp_path: Path):
    lines: list[str] = []
    program = Program([sys.executable, "-c", CHILDREN], tmp_path, {}, tmp_path / "log.txt", lines.append)
    assert program.status is None
    program.kill()
    program.start()
    until(lambda: lines)
    children = [int(word) for word in lines[0].split()[1:]]
    leader = program._process.pid  # type: ignore[union-attr]
    assert set(children) < set(family(leader)), "also those in a session of their own"
    assert program.runs
    program.kill()
    assert not program.runs
    assert family(leader) == []
    assert not any(alive(child) for child in children)
    assert (tmp_path / "log.txt").read_text() == lines[0] + "\n"


def alive(pid: int) -> bool:
    path = Path(f"/proc/{pid}/stat")
    return path.exists() and path.read_text().rpartition(")")[2].split()[0] != "Z"


def test_it_can_be_started_again_and_its_log_goes_on(tmp_path: Path):
    program = Program(
        [sys.executable, "-c", "import os; print(os.environ['WORD'])"],
        tmp_path,
        {"WORD": "hello"},
        tmp_path / "log.txt",
    )
    for _ in range(2):
        program.start()
        until(lambda: program.status == 0)
        program.kill()
    assert (tmp_path / "log.txt").read_text() == "hello\nhello\n"
