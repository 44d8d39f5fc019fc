"""The two ends that text goes to; both print it as it is."""

from rich.console import Console


def stdout() -> Console:
    """What was asked for."""
    return Console(markup=False, highlight=False, emoji=False)


def stderr() -> Console:
    """Progress and remarks."""
    return Console(stderr=True, markup=False, highlight=False, emoji=False)
