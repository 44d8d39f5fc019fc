"""How models are called just now, for the code below a `with training(...)` or `with stacked()`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_TRAINING: ContextVar[bool] = ContextVar("training", default=False)
_STACKED: ContextVar[bool] = ContextVar("stacked", default=False)


@contextmanager
def _set(flag: ContextVar[bool], on: bool) -> Iterator[None]:
    token = flag.set(on)
    try:
        yield
    finally:
        flag.reset(token)


@contextmanager
def training(on: bool) -> Iterator[None]:
    """Models called inside are in training mode (batch statistics, dropout), or are not."""
    with _set(_TRAINING, on):
        yield


@contextmanager
def stacked(on: bool = True) -> Iterator[None]:
    """Models called inside are called for many clients at once, under `torch.vmap`, or are not."""
    with _set(_STACKED, on):
        yield


def is_training() -> bool:
    """Whether a model that is called now trains."""
    return _TRAINING.get()


def is_stacked() -> bool:
    """Whether a model that is called now is called for many clients at once."""
    return _STACKED.get()
