"""Client memory and draws for engines that run one client at a time."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from counterpoint.methods.client import Draws, Memory, Value


def copied(value: Value) -> Value:
    """The value with every tensor detached and cloned."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, Mapping):
        return {name: copied(part) for name, part in value.items()}
    raise TypeError(f"memory takes tensors and mappings of them, not {type(value).__name__}")


class ClientMemory(Memory):
    """One client's memory, held in this process.

    Attributes:
        values: what is stored, by name.
    """

    def __init__(self, values: dict[str, Any] | None = None) -> None:
        self.values = values if values is not None else {}

    def get(self, name: str, default: Value) -> Value:
        """What was stored under this name, or the default."""
        return self.values.get(name, default)

    def __setitem__(self, name: str, value: Value) -> None:
        self.values[name] = copied(value)


class GeneratorDraws(Draws):
    """Draws from one generator, on the CPU, moved to the device."""

    def __init__(self, generator: torch.Generator, device: torch.device) -> None:
        self._generator = generator
        self._device = device

    def normal(self, *shape: int) -> Value:
        """Standard normal numbers."""
        return torch.randn(shape, generator=self._generator).to(self._device)

    def uniform(self, *shape: int) -> Value:
        """Numbers uniform in [0, 1)."""
        return torch.rand(shape, generator=self._generator).to(self._device)

    def integers(self, high: int, *shape: int) -> Value:
        """Integers uniform in 0 .. high - 1."""
        return torch.randint(high, shape, generator=self._generator).to(self._device)
