"""What searches are made with, and what is said where it is not installed."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from counterpoint.errors import UserError


@contextmanager
def optuna_here() -> Iterator[None]:
    """Around the import and the use of Optuna: it says nothing but errors.

    Raises:
        UserError: it is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "optuna":
            raise
        raise UserError("a search for settings needs optuna: pip install 'counterpoint[tune]'") from error
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)
