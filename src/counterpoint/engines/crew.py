"""Worker processes that compute chunks of clients while the server gathers what is done."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, NoReturn
from weakref import WeakSet, finalize

from counterpoint.engines.arena import Arena
from counterpoint.engines.worker import Failure, serve
from counterpoint.errors import CounterpointError

AHEAD = 3
"""Tasks a worker that may be begun and not yet consumed: one in work, two finished."""
PATIENCE = 5.0
"""Seconds to wait for the exit status of a worker that hung up."""


def can_fork() -> bool:
    """Whether this system can have a crew: Linux can."""
    return sys.platform == "linux" and hasattr(os, "fork") and "fork" in multiprocessing.get_all_start_methods()


@dataclass(frozen=True, eq=False)
class _Worker:
    """A worker as the server sees it: `down` carries the tensors of its task, `up` those of its result."""

    process: BaseProcess
    pipe: Connection
    down: Arena
    up: Arena


class Crew:
    """Worker processes that live as long as a run; one torch thread each.

    Workers are forks: they see all that the caller has when it makes the crew, and none of its later changes. Only
    tasks and results travel, the tensors in them through shared memory. A task's tensors are the worker's until `work`
    returns: what it keeps for longer it must copy. A result's tensors are the caller's for good.

    Args:
        workers: how many.
        work: what a worker does with a task, such as a closure. Tasks and results are picklable values.
    """

    def __init__(self, workers: int, work: Callable[[Any], Any]) -> None:
        if workers < 1:
            raise ValueError(f"a crew of {workers}")
        self._workers: list[_Worker] = []
        lifeline, ours = os.pipe()  # carries nothing: it ends when the server does
        self._end = finalize(self, _end, self._workers, ours)
        _CREWS.add(self)
        try:
            for _ in range(workers):
                self._hire(work, lifeline)
        except BaseException:
            self.close()
            raise
        finally:
            os.close(lifeline)
        self._idle = list(self._workers)
        self._busy: dict[Connection, tuple[_Worker, int]] = {}
        self._runs = 0

    def run(self, tasks: Sequence[Any]) -> Iterator[Any]:
        """Results in the order of the tasks, each as soon as it is there.

        A task is taken from the sequence when a worker is free for it. What an earlier run left behind, because it was
        not iterated to its end, is waited for and dropped.

        Raises:
            CounterpointError: a worker died, and the crew is closed; or `work` raised what cannot be pickled.
            Exception: what `work` raised, in the place of the result. The crew can be used again.
        """
        self._runs = mine = self._runs + 1
        self._drain()
        sent, results = 0, dict[int, Any]()
        for place in range(len(tasks)):
            if self._runs != mine or not self._end.alive:
                raise CounterpointError("a run cannot go on once another has begun or the crew is closed")
            while True:
                while self._idle and sent < min(len(tasks), place + AHEAD * len(self._workers)):
                    self._send(sent, tasks[sent])
                    sent += 1
                arrived = self._receive(None if place not in results else 0)
                if not arrived and place in results:
                    break
                results.update(arrived)
            if isinstance(results[place], Failure):
                raise results[place].error()
            yield results.pop(place)

    def close(self) -> None:
        """Ends the workers, whatever they do."""
        self._end()

    def _hire(self, work: Callable[[Any], Any], lifeline: int) -> None:
        pipe, far = multiprocessing.Pipe()
        down, up = Arena(), Arena()
        process = multiprocessing.get_context("fork").Process(
            target=serve, args=(work, far, lifeline, down, up), name="counterpoint worker", daemon=True
        )
        self._workers.append(_Worker(process, pipe, down, up))
        process.start()
        far.close()

    def _send(self, place: int, task: Any) -> None:
        worker = self._idle[-1]
        data = worker.down.dump(task)
        try:
            worker.pipe.send_bytes(data)
        except OSError:
            self._lost(worker)
        self._busy[worker.pipe] = self._idle.pop(), place

    def _receive(self, timeout: float | None) -> dict[int, Any]:
        """What workers have finished, by the place of its task, as soon as there is something."""
        return {place: worker.up.load(data, copy=True) for worker, place, data in self._finished(timeout)}

    def _drain(self) -> None:
        if not self._end.alive:
            raise CounterpointError("the crew is closed")
        while self._busy:
            for _ in self._finished(None):
                pass

    def _finished(self, timeout: float | None) -> Iterator[tuple[_Worker, int, bytes]]:
        ready = wait(self._busy, timeout)
        for pipe in [pipe for pipe in self._busy if pipe in ready]:
            worker, place = self._busy[pipe]
            try:
                data = pipe.recv_bytes()
            except (EOFError, OSError):
                self._lost(worker)
            del self._busy[pipe]
            self._idle.append(worker)
            yield worker, place, data

    def _lost(self, worker: _Worker) -> NoReturn:
        worker.process.join(PATIENCE)
        status = worker.process.exitcode
        self.close()
        if status in (-signal.SIGKILL, -signal.SIGBUS):
            raise CounterpointError(
                "a worker process was killed, most likely because memory ran out: use fewer workers (--workers)"
            )
        how = f"signal {-status}" if status is not None and status < 0 else f"exit status {status}"
        raise CounterpointError(f"a worker process ended ({how}): use fewer workers (--workers), or none to see why")


_CREWS: WeakSet[Crew] = WeakSet()


def _end(workers: Sequence[_Worker], lifeline: int) -> None:
    os.close(lifeline)
    started = [worker.process for worker in workers if worker.process.pid is not None]
    for process in started:
        process.kill()
    for process in started:
        process.join()
    for worker in workers:
        worker.pipe.close()


def _forget() -> None:
    """Lets go of the server's ends in a fork, so that they end with the server, and of the right to end workers."""
    for crew in _CREWS:
        if held := crew._end.detach():
            workers, lifeline = held[2]
            os.close(lifeline)
            for worker in workers:
                worker.pipe.close()


if can_fork():
    os.register_at_fork(after_in_child=_forget)
