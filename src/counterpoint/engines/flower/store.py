"""What a client remembers between orders, at its site."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from counterpoint.engines.memory import copied
from counterpoint.errors import CounterpointError

Values = dict[str, Any]


class Store(ABC):
    """The memory of one client in one run.

    A server that dies in a round and is started again begins that round anew. So that a client begins it anew as well,
    the memory from before each visit of the last round is kept until the next round: an order that comes again, or
    that belongs before what was carried out already, finds the memory that it found the first time.
    """

    def before(self, round: int, visit: int) -> Values:
        """The memory with which a visit begins; with which a question is answered, where visit is 0.

        Args:
            round: of the order.
            visit: of the round, from 1; 0 for a question, which sees the newest.

        Raises:
            CounterpointError: the client has gone on by more than a round: its memory is of another run, or the server
                was put back further than clients can follow.
        """
        known = self._load()
        if known is None:
            return {}
        if not visit or round > known["round"]:
            return _values(known["after"])
        if round < known["round"]:
            raise CounterpointError(
                f"the client remembers round {known['round']} of this run, and was asked for round {round} again"
            )
        later = sorted(v for v in map(int, known["before"]) if v >= visit)
        return _values(known["before"][str(later[0])] if later else known["after"])

    def keep(self, round: int, visit: int, values: Mapping[str, Any]) -> None:
        """What the client remembers after a visit.

        Args:
            round: of the order.
            visit: of the round, from 1.
            values: nested mappings of tensors.
        """
        known = self._load() or {"round": 0, "before": {}, "after": {}}
        begun = self.before(round, visit)
        kept = known["before"] if known["round"] == round else {}
        earlier = {v: m for v, m in kept.items() if int(v) < visit}
        self._save({"round": round, "before": {**earlier, str(visit): begun}, "after": copied(values)})

    @abstractmethod
    def _load(self) -> Mapping[str, Any] | None:
        """What `_save` got last; None if nothing yet."""

    @abstractmethod
    def _save(self, state: Mapping[str, Any]) -> None:
        """Keep a state, whole or not at all."""


def _values(stored: Mapping[str, Any]) -> Values:
    found: Values = copied(stored)
    return found


class HeldStore(Store):
    """A store in this process.

    Args:
        held: where states are, by a name.
        name: of this client.
    """

    def __init__(self, held: dict[str, Mapping[str, Any]], name: str) -> None:
        self._held = held
        self._name = name

    def _load(self) -> Mapping[str, Any] | None:
        return self._held.get(self._name)

    def _save(self, state: Mapping[str, Any]) -> None:
        self._held[self._name] = state
