"""Where the time of a run goes."""

import time
from collections.abc import Mapping
from types import TracebackType

COMPUTE, DATA, AGGREGATION, EVALUATION, OVERHEAD, WAITING = KINDS = (
    "compute",
    "data",
    "aggregation",
    "evaluation",
    "overhead",
    "waiting",
)
"""Steps of local training; choosing and gathering batches; the server's program; evaluation, with all it takes;
packages, checks and bookkeeping; and, with worker processes, the wait for them."""


class Profile:
    """Seconds by what they were spent on; each second counts once, under the innermost span that is open.

    Attributes:
        seconds: by kind. Those that worker processes spent are among them, so that with workers the sum passes the
            time on the clock.
        visits: client-rounds: how often a client was visited.
        stacks: what was measured to choose how many clients a stack takes, by program and modalities.
        recorded: how many kinds of local step were recorded and are replayed.
        workers: how many processes worked on clients.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys(KINDS, 0.0)
        self.visits = 0
        self.stacks: dict[str, dict[str, object]] = {}
        self.recorded = 0
        self.workers = 1
        self._open: list[str] = []
        self._since = 0.0

    def of(self, kind: str) -> "Span":
        """A context in which time counts as this kind; inside an evaluation all counts as evaluation."""
        return Span(self, kind)

    def add(self, seconds: Mapping[str, float]) -> None:
        """Seconds that another process spent."""
        inside = self._open and self._open[0] == EVALUATION
        for kind, value in seconds.items():
            self.seconds[EVALUATION if inside else kind] += value

    def push(self, kind: str) -> None:
        """A span begins."""
        now = time.perf_counter()
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
            kind = EVALUATION if self._open[0] == EVALUATION else kind
        self._open.append(kind)
        self._since = now

    def pop(self) -> None:
        """The innermost span ends."""
        now = time.perf_counter()
        self.seconds[self._open.pop()] += now - self._since
        self._since = now


class Span:
    """One stretch of time."""

    __slots__ = ("_kind", "_profile")

    def __init__(self, profile: Profile, kind: str) -> None:
        self._profile = profile
        self._kind = kind

    def __enter__(self) -> None:
        self._profile.push(self._kind)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._profile.pop()
