"""Stopping when asked: after the round, with everything saved."""

import signal
import threading
from collections.abc import Callable
from types import FrameType

from counterpoint.errors import CounterpointError


class Stopped(CounterpointError):  # noqa: N818 (it is no error)
    """The run was asked to stop, and has stopped after saving."""


class StopRequest:
    """Notices Ctrl-C and SIGTERM inside a `with`. The first asks to stop; a second one interrupts at once.

    Args:
        told: called at the first.

    Attributes:
        asked: whether a stop was asked for.
    """

    def __init__(self, told: Callable[[], None]) -> None:
        self.asked = False
        self._told = told
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._notice)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # it came from signal.signal

    def _notice(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._told()
