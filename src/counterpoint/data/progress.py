"""Telling how far long work on data is, to whoever listens."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")
Listener = Callable[[str, int, int], None]
"""(what is done, how much of it is done, how much there is: 0 where nobody knows)."""

_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """What is told inside goes to this listener."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def tell(what: str, done: int, total: int = 0) -> None:
    """Tell how far something is; it is over once all is done."""
    listener = _LISTENER.get()
    if listener is not None:
        listener(what, done, total)


def each(items: Sequence[T], what: str) -> Iterator[T]:
    """The items, telling after each."""
    for done, item in enumerate(items, 1):
        yield item
        tell(what, done, len(items))
