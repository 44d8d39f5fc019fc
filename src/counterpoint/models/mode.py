"""Whether models train or are only asked, for the code below a `with training(...)`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_TRAINING: ContextVar[bool] = ContextVar("training", default=False)


@contextmanager
def training(on: bool) -> Iterator[None]:
    """Models called inside are in training mode (batch statistics, dropout), or are not."""
    token = _TRAINING.set(on)
    try:
        yield
    finally:
        _TRAINING.reset(token)


def is_training() -> bool:
    """Whether a model that is called now trains."""
    return _TRAINING.get()
