"""Processes that do runs beside each other."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Self

from counterpoint.experiments.worker import CANCEL, Event, Task, serve

PATIENCE = 5.0
"""Seconds to wait for a process to end."""


@dataclass(eq=False)
class _Worker:
    process: BaseProcess
    pipe: Connection
    lifeline: Connection
    task: Task | None = None


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Pool:
    """So many processes, each with one torch thread, that do tasks as they become free.

    They are fresh processes, not forks, so that it works alike everywhere; one that dies takes its task alone with it.
    When this process dies, they end at once. Used in a `with`.

    Args:
        jobs: how many.
    """

    def __init__(self, jobs: int) -> None:
        if jobs < 1:
            raise ValueError(f"a pool of {jobs}")
        self.jobs = jobs
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for worker in self._workers:
            self._dismiss(worker, at_once=kind is not None)
        self._workers.clear()

    def run(self, tasks: Iterable[Task]) -> Iterator[Event]:
        """Events as they happen, until every task has ended. Tasks are taken from the iterable as workers are free.

        After a task was `stopped` (by Ctrl-C, which all processes of a terminal get) no other is begun.
        """
        waiting = iter(tasks)
        stopped = False
        while True:
            if not stopped:
                self._hand_out(waiting)
            busy = {worker.pipe: worker for worker in self._workers if worker.task is not None}
            if not busy:
                return
            for pipe in wait(list(busy)):
                worker = busy[pipe]  # type: ignore[index]  # they are the pipes that were given
                event = self._heard(worker)
                if event.kind != "round":
                    worker.task = None
                stopped = stopped or event.kind == "stopped"
                yield event

    def cancel(self, task: str) -> None:
        """Give up a task that runs: it ends, `cancelled`, with its running round."""
        for worker in self._workers:
            if worker.task is not None and worker.task.name == task:
                worker.pipe.send(CANCEL)

    def _hand_out(self, waiting: Iterator[Task]) -> None:
        while True:
            free = next((worker for worker in self._workers if worker.task is None), None)
            if free is None and len(self._workers) == self.jobs:
                return
            task = next(waiting, None)
            if task is None:
                return
            worker = free or self._hire()
            worker.task = task
            worker.pipe.send(task)

    def _heard(self, worker: _Worker) -> Event:
        assert worker.task is not None
        try:
            event: Event = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join(PATIENCE)
            why = _death(worker.process.exitcode)
            name = worker.task.name
            self._dismiss(worker, at_once=True)
            self._workers.remove(worker)
            return Event("failed", name, why=why)
        return event

    def _hire(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        (ours, theirs), (end, lifeline) = context.Pipe(), context.Pipe()
        process = context.Process(target=serve, args=(theirs, lifeline), daemon=True)
        with _deaf():
            process.start()
        theirs.close()
        lifeline.close()
        worker = _Worker(process, ours, end)
        self._workers.append(worker)
        return worker

    def _dismiss(self, worker: _Worker, *, at_once: bool) -> None:
        if at_once:
            worker.process.kill()
        else:
            worker.pipe.send(None)
        worker.process.join(PATIENCE)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join(PATIENCE)
        worker.pipe.close()
        worker.lifeline.close()


@contextmanager
def _deaf() -> Iterator[None]:
    """A process that is begun inside does not hear Ctrl-C until it says so: one that still imports would only die."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _death(status: int | None) -> str:
    if status is not None and status < 0:
        name = signal.Signals(-status).name
        hint = " (out of memory, perhaps: try fewer --jobs)" if name == "SIGKILL" else ""
        return f"its process was ended by {name}{hint}"
    return f"its process ended with status {status}"
