"""A process that does runs, one after another, and tells how far it is."""

import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

from counterpoint.errors import UserError
from counterpoint.evaluate import MetricName
from counterpoint.runs import RunConfig, RunFolder, Stopped, Watcher, begin, resume

CANCEL = "cancel"
"""What a worker is sent to give up the run that it is doing."""

Kind = Literal["round", "done", "failed", "stopped", "cancelled"]


@dataclass(frozen=True)
class Task:
    """A run to be done, or to be gone on with.

    Attributes:
        name: its own among the tasks.
        config: complete.
        folder: of the run; if there is one already, the run goes on from there.
    """

    name: str
    config: RunConfig
    folder: Path


@dataclass(frozen=True)
class Event:
    """Something that happened to a task.

    Attributes:
        kind: a `round` is over; the run is `done`, has `failed`, was `stopped` by Ctrl-C or `cancelled`.
        task: its name.
        round: that is over, or that the run goes on after.
        seconds: that training and scoring this round took.
        scores: after this round, of the server and over all clients.
        why: it failed; one sentence.
    """

    kind: Kind
    task: str
    round: int = 0
    seconds: float = 0.0
    scores: Mapping[str, float] = field(default_factory=dict)
    why: str = ""


class _Cancelled(BaseException):
    """Nobody wants the run any more. No `except Exception` on the way may catch it."""


class _Teller(Watcher):
    """Tells every round, and hears whether the run is still wanted."""

    def __init__(self, task: str, pipe: Connection, clock: Callable[[], float]) -> None:
        self.task, self.pipe, self.clock = task, pipe, clock
        self.since = clock()

    def begins(self, config: RunConfig, out: Path, done: int, clients: int) -> None:
        """Tell where the run goes on."""
        self.since = self.clock()
        self.pipe.send(Event("round", self.task, done))

    def round_done(self, number: int, latest: Mapping[MetricName, float], refused: list[tuple[int, str]]) -> None:
        """Tell the round."""
        now = self.clock()
        scores = {str(name): value for name, value in latest.items() if name.scope in ("server", "clients:mean")}
        self.pipe.send(Event("round", self.task, number, now - self.since, scores))
        self.since = now
        if self.pipe.poll() and self.pipe.recv() == CANCEL:
            raise _Cancelled


def serve(pipe: Connection, lifeline: Connection) -> None:
    """Do tasks as they come, until None comes.

    Args:
        pipe: tasks come in, events go out.
        lifeline: ends when the process that hired this one does; then this one ends at once, whatever it is doing.
    """
    import time

    import torch

    torch.set_num_threads(1)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    while True:
        try:
            task = pipe.recv()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if task is None:
            return
        if task != CANCEL:
            pipe.send(_done(task, _Teller(task.name, pipe, time.perf_counter)))


def _done(task: Task, watcher: Watcher) -> Event:
    try:
        if RunFolder(task.folder).config.is_file():
            resume(task.folder, watcher=watcher)
        else:
            begin(task.config, task.folder, watcher=watcher)
    except (Stopped, KeyboardInterrupt):
        return Event("stopped", task.name)
    except _Cancelled:
        return Event("cancelled", task.name)
    except UserError as error:
        return Event("failed", task.name, why=" ".join(str(error).split()))
    except Exception as error:
        why = f"{type(error).__name__}: {' '.join(str(error).split())} (see {RunFolder(task.folder).log})"
        return Event("failed", task.name, why=why)
    return Event("done", task.name)


def _end_with(lifeline: Connection) -> None:
    try:
        lifeline.recv()
    except (EOFError, OSError):
        os._exit(1)
