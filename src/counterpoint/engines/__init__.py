"""Engines: who runs the visit, and where."""

from counterpoint.engines.engine import REFUSED, Engine, RoundLog
from counterpoint.engines.sequential import Sequential
from counterpoint.engines.stacked import Stacked
from counterpoint.errors import unknown

ENGINES: dict[str, type[Engine]] = {Sequential.name: Sequential, Stacked.name: Stacked}


def find_engine(name: str) -> type[Engine]:
    """The engine of this name.

    Raises:
        UserError: there is none.
    """
    if name not in ENGINES:
        raise unknown("engine", name, ENGINES)
    return ENGINES[name]


__all__ = ["ENGINES", "REFUSED", "Engine", "RoundLog", "Sequential", "Stacked", "find_engine"]
