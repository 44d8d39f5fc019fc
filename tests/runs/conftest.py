"""Short runs on the real watch data, and a process that kills itself at a chosen moment."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import counterpoint
from counterpoint import RunResult
from counterpoint.runs.watch import Watcher

SHORT: dict[str, Any] = {"data": "watch", "clients": 3, "rounds": 4, "epochs": 1, "missing": "sample:0.3", "seed": 5}


@pytest.fixture(scope="session")
def short_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., RunResult]:
    """A short run that is made once for each method and way, and asked for again by others."""
    made: dict[tuple[str, str], RunResult] = {}

    def get(method: str, **how: Any) -> RunResult:
        key = method, str(sorted(how.items()))
        if key not in made:
            made[key] = counterpoint.run(method, out=tmp_path_factory.mktemp("runs") / method, **{**SHORT, **how})
        return made[key]

    return get


class Interrupts(Watcher):
    """Presses Ctrl-C in the second round."""

    def __init__(self) -> None:
        self.rounds = 0

    def client_done(self) -> None:
        if self.rounds == 1:
            self.rounds = 2
            os.kill(os.getpid(), signal.SIGINT)

    def round_done(self, number: int, latest: object, refused: object) -> None:
        self.rounds = max(self.rounds, number)


DYING = """
import builtins, io, os, signal, sys
from pathlib import Path
import counterpoint

method, moment, count, out = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
calls = 0

def die_at(count, before):
    global calls
    calls += 1
    if calls == count:
        before()
        os.kill(os.getpid(), signal.SIGKILL)

def wrap(holder, name, before=lambda *a: None, after=None):
    plain = getattr(holder, name)
    def wrapped(*args, **kwargs):
        if after is None:
            die_at(count, lambda: before(*args))
            return plain(*args, **kwargs)
        result = plain(*args, **kwargs)
        die_at(count, after)
        return result
    setattr(holder, name, wrapped)

import counterpoint.storage as storage
from counterpoint.engines.optimizers import Optimizer
if moment == "training":
    wrap(Optimizer, "step")
    wrap(Optimizer, "step_some")
elif moment == "half-written":
    plain_open = Path.open
    class Half:
        def __init__(self, file): self.file = file
        def __enter__(self): return self
        def __exit__(self, *a): self.file.close()
        def write(self, data):
            def before():
                self.file.write(data[: len(data) // 2]); self.file.flush()
            die_at(count, before)
            return self.file.write(data)
        def flush(self): self.file.flush()
        def fileno(self): return self.file.fileno()
    def opened(self, mode="r", *a, **k):
        file = plain_open(self, mode, *a, **k)
        return Half(file) if mode == "xb" else file
    Path.open = opened
elif moment == "before-rename":
    wrap(Path, "replace")
elif moment == "after-rename":
    wrap(Path, "replace", after=lambda: None)
counterpoint.run(method, out=out, **SHORT)
print("survived")
"""


@pytest.fixture
def dying_run() -> Callable[..., None]:
    """Run in a process of its own that kills itself with SIGKILL the n-th time that a moment comes."""

    def go(method: str, moment: str, count: int, out: Path, **how: Any) -> None:
        code = f"SHORT = { {**SHORT, **how}!r}\n{DYING}"
        done = subprocess.run(
            [sys.executable, "-c", code, method, moment, str(count), str(out)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == -9, f"it did not die: {done.stdout} {done.stderr}"

    return go
