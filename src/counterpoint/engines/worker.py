"""What a worker process of a crew does: one task after the other, until the server is gone."""

import gc
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import torch

from counterpoint.engines.arena import Arena
from counterpoint.errors import CounterpointError


@dataclass(frozen=True)
class Failure:
    """An exception on its way to the server."""

    pickled: bytes
    traceback: str

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        """The exception itself, or its text if it does not survive a pickle."""
        try:
            pickled = pickle.dumps(error)
            whole = type(pickle.loads(pickled)) is type(error)
        except Exception:
            whole = False
        if not whole:
            text = "".join(traceback.format_exception_only(error)).strip()
            pickled = pickle.dumps(CounterpointError(f"a worker process failed: {text}"))
        return cls(pickled, "".join(traceback.format_exception(error)))

    def error(self) -> Exception:
        """The exception, with where it was raised."""
        error: Exception = pickle.loads(self.pickled)
        error.add_note(f"In a worker process:\n{self.traceback}")
        return error


def serve(work: Callable[[Any], Any], pipe: Connection, lifeline: int, down: Arena, up: Arena) -> None:
    """Answers tasks until the pipe ends.

    Args:
        work: what to do with a task.
        pipe: brings tasks and takes results.
        lifeline: a file descriptor that is at its end when the server is gone, which ends this process at any time.
        down: tensors of tasks.
        up: tensors of results.
    """
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_IGN)  # they reach the server too, which first finishes its round
    torch.set_num_threads(1)
    gc.freeze()  # what the server made is its own to collect: to look at it would copy its pages
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    with suppress(EOFError, OSError):
        while True:
            pipe.send_bytes(_answer(work, pipe.recv_bytes(), down, up))


def _answer(work: Callable[[Any], Any], task: bytes, down: Arena, up: Arena) -> bytes:
    try:
        return up.dump(work(down.load(task, copy=False)))
    except Exception as error:
        return up.dump(Failure.of(error))


def _end_with(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(1)
