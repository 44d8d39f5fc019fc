"""Letters on their way out, in a thread of their own."""

from collections import deque
from collections.abc import Callable
from threading import Condition, Thread

WAITING = 4
"""Letters that may wait; of more the oldest are dropped, for their rounds are over."""


class Sender:
    """Sends letters in order without keeping whoever writes them waiting: a neighbour may be slow, or hang.

    Args:
        put: sends one letter; may block.
    """

    def __init__(self, put: Callable[[bytes], object]) -> None:
        self._put = put
        self._letters: deque[bytes] = deque(maxlen=WAITING)
        self._change = Condition()
        self._ends = False
        self._busy = False
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def send(self, letter: bytes) -> None:
        """Send a letter soon."""
        with self._change:
            self._letters.append(letter)
            self._change.notify_all()

    def close(self, timeout: float) -> None:
        """Wait until all is sent, or the time is over."""
        with self._change:
            self._change.wait_for(lambda: not (self._letters or self._busy), timeout)
            self._ends = True
            self._change.notify_all()

    def _run(self) -> None:
        while True:
            with self._change:
                self._busy = False
                self._change.notify_all()
                self._change.wait_for(lambda: bool(self._letters) or self._ends)
                if self._ends:
                    return
                letter = self._letters.popleft()
                self._busy = True
            self._put(letter)
