"""Engines: who runs the visit, and where."""

from counterpoint.engines.engine import Engine
from counterpoint.engines.log import REFUSED, RoundLog
from counterpoint.engines.sequential import Sequential
from counterpoint.engines.stacked import Stacked
from counterpoint.errors import UserError, unknown

ENGINES: dict[str, type[Engine]] = {Sequential.name: Sequential, Stacked.name: Stacked}
ELSEWHERE = {
    "flower": "a run over Flower is started, and gone on with, by flwr run: see 'counterpoint deploy --help'",
    "zenoh": "a device of a network without a server is started, and gone on with, by counterpoint peer",
}
"""Engines that this process alone cannot be."""


def find_engine(name: str) -> type[Engine]:
    """The engine of this name.

    Raises:
        UserError: there is none, or it takes more than this process.
    """
    if name in ELSEWHERE:
        raise UserError(ELSEWHERE[name])
    if name not in ENGINES:
        raise unknown("engine", name, ENGINES)
    return ENGINES[name]


__all__ = ["ENGINES", "REFUSED", "Engine", "RoundLog", "Sequential", "Stacked", "find_engine"]
