"""One peer in a process of its own, and what it tells."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from typing import Any

Tell = Callable[[int, Mapping[str, Any]], None]


class PeerProcess:
    """A peer that can be killed and brought back.

    Args:
        number: of the peer.
        config: its file.
        tell: gets what it tells, with its number.
    """

    def __init__(self, number: int, config: Path, tell: Tell) -> None:
        self.number = number
        self._config = config
        self._tell = tell
        self._process: subprocess.Popen[str] | None = None
        self._reader: Thread | None = None

    def start(self) -> None:
        """Start it, or bring it back."""
        command = [sys.executable, "-m", "counterpoint", "peer", "--config", str(self._config), "--events"]
        self._process = subprocess.Popen(
            [*command, "--no-report"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"},
            start_new_session=True,
        )
        self._reader = Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            try:
                told = json.loads(line)
            except ValueError:
                told = {"event": "says", "text": line.rstrip()}
            self._tell(self.number, told)
        self._tell(self.number, {"event": "exit", "status": process.wait()})

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL."""
        self._signal(signal.SIGKILL)

    def pause(self) -> None:
        """Stop it where it is: SIGSTOP."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on after a pause: SIGCONT."""
        self._signal(signal.SIGCONT)

    def _signal(self, what: signal.Signals) -> None:
        if self.runs and self._process is not None:
            os.killpg(self._process.pid, what)

    @property
    def runs(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def end(self) -> None:
        """Leave nothing behind."""
        if self.runs:
            self.go_on()
            self.kill()
        if self._process is not None:
            self._process.wait()
        if self._reader is not None:
            self._reader.join(5)
