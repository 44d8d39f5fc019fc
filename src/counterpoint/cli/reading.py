"""Looking on at data that are fetched, unpacked, converted."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from counterpoint.cli.console import stderr

PATIENCE = 1.0
"""Seconds that something may take before it is shown."""
SELDOM = 10.0
"""Seconds between lines where there is no terminal."""


class _Reading:
    """A bar in a terminal, else a line now and then; nothing for what is soon over."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.what = ""
        self.since = 0.0
        self.shown = 0.0
        self.bar: Progress | None = None
        self.task = TaskID(0)

    def __call__(self, what: str, done: int, total: int) -> None:
        """Hear how far something is."""
        now = time.monotonic()
        if what != self.what:
            self.stop()
            self.what, self.since, self.shown = what, now, 0.0
        if total and done >= total:
            self.stop()
        elif self.console.is_terminal:
            self._draw(what, done, total, now)
        elif now - max(self.since + PATIENCE - SELDOM, self.shown) >= SELDOM:
            self.shown = now
            self.console.print(f"{what}: {100 * done // total} %" if total else what, soft_wrap=True)

    def _draw(self, what: str, done: int, total: int, now: float) -> None:
        if self.bar is None and (now - self.since >= PATIENCE or not total):
            columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), TimeRemainingColumn())
            self.bar = Progress(*columns, console=self.console, transient=True, refresh_per_second=4)
            self.task = self.bar.add_task(what, total=total or None)
            self.bar.start()
        if self.bar is not None:
            self.bar.update(self.task, completed=done)

    def stop(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None
        self.what = ""


@contextmanager
def reading(*, quiet: bool = False) -> Iterator[None]:
    """Inside the `with`, long work on data is shown on standard error, unless `quiet`."""
    if quiet:
        yield
        return
    from counterpoint.data.progress import listening

    shown = _Reading(stderr())
    try:
        with listening(shown):
            yield
    finally:
        shown.stop()
