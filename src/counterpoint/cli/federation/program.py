"""A program of the federation, with everything that it starts."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Thread

Say = Callable[[str], None]


class Program:
    """A program that can be killed as a power cut would, and started again.

    Args:
        command: to run.
        folder: where it runs.
        environment: beside this process's own.
        log: file to which everything that it prints is added.
        line: gets each line that it prints.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        log: Path,
        line: Say = lambda _: None,
    ) -> None:
        self._command = list(command)
        self._folder = folder
        self._environment = {**os.environ, **environment}
        self._log = log
        self._line = line
        self._process: subprocess.Popen[str] | None = None
        self._reader: Thread | None = None

    def start(self) -> None:
        """Start it, or start it again."""
        self._process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with self._log.open("a", encoding="utf-8") as log:
            for line in process.stdout:
                log.write(line)
                log.flush()
                self._line(line.rstrip())

    @property
    def status(self) -> int | None:
        """With which it ended; None while it runs, or before it was started."""
        return None if self._process is None else self._process.poll()

    @property
    def runs(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL to it and to everything that it started, until nothing of that is left."""
        if self._process is None:
            return
        while left := family(self._process.pid):
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            self._process.poll()
        self._process.wait()
        if self._reader is not None:
            self._reader.join(5)


def family(leader: int) -> list[int]:
    """The processes of a session and their descendants that run, zombies aside.

    Args:
        leader: process that leads the session.
    """
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,sess=,stat="], capture_output=True, text=True, check=True)
    rows = [line.split() for line in listed.stdout.splitlines()]
    parents = {int(pid): int(parent) for pid, parent, _, state in rows if not state.startswith("Z")}
    found = {int(pid) for pid, _, session, state in rows if int(session) == leader and not state.startswith("Z")}
    while more := {pid for pid, parent in parents.items() if parent in found and pid not in found}:
        found |= more
    return sorted(found)
