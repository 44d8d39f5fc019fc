"""Memories and draws of the clients of a stack, as one."""

from collections.abc import Mapping, Sequence
from typing import Any

from counterpoint.engines.memory import ClientMemory, copied
from counterpoint.engines.values import gathered, of_client
from counterpoint.methods.client import Draws, Memory, Value


class ManyMemories(Memory):
    """The memories of a stack's clients as one; what is stored goes to each client's own."""

    def __init__(self, memories: Sequence[ClientMemory]) -> None:
        self._memories = memories

    def get(self, name: str, default: Value) -> Value:
        """What each client stored, or the default for those that stored nothing."""
        if not any(name in memory.values for memory in self._memories):
            return default
        found = [memory.values.get(name) for memory in self._memories]
        return gathered([of_client(default, i) if value is None else value for i, value in enumerate(found)])

    def of_each(self, name: str) -> list[Mapping[str, Any]]:
        """The named values that each client stored under a name; none for those that stored nothing."""
        return [memory.values.get(name, {}) for memory in self._memories]

    def __setitem__(self, name: str, value: Value) -> None:
        for place, memory in enumerate(self._memories):
            memory.values[name] = copied(of_client(value, place))


class ManyDraws(Draws):
    """Draws of each client from its own generator."""

    def __init__(self, draws: Sequence[Draws]) -> None:
        self._draws = draws

    def normal(self, *shape: int) -> Value:
        """Standard normal numbers."""
        return gathered([draws.normal(*shape) for draws in self._draws])

    def uniform(self, *shape: int) -> Value:
        """Numbers uniform in [0, 1)."""
        return gathered([draws.uniform(*shape) for draws in self._draws])

    def integers(self, high: int, *shape: int) -> Value:
        """Integers uniform in 0 .. high - 1."""
        return gathered([draws.integers(high, *shape) for draws in self._draws])
