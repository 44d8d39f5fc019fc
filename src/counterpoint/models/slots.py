"""Fusions of one embedding a modality, each in a place of its own, into logits."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from counterpoint.errors import UserError

SlotKind = Literal["concat", "sum", "film", "gated"]


class ConcatSlots(nn.Module):
    """W [s_1; ...; s_M] + b."""

    def __init__(self, names: Sequence[str], width: int, classes: int) -> None:
        super().__init__()
        self.names = sorted(names)
        self.out = nn.Linear(width * len(self.names), classes)

    def forward(self, slots: Mapping[str, Tensor]) -> Tensor:
        """Logits [rows, classes] from [rows, width] by modality."""
        logits: Tensor = self.out(torch.cat([slots[name] for name in self.names], 1))
        return logits


class SumSlots(nn.Module):
    """sum_m (W_m s_m + b_m)."""

    def __init__(self, names: Sequence[str], width: int, classes: int) -> None:
        super().__init__()
        self.names = sorted(names)
        self.out = nn.ModuleList([nn.Linear(width, classes) for _ in self.names])

    def forward(self, slots: Mapping[str, Tensor]) -> Tensor:
        """Logits [rows, classes] from [rows, width] by modality."""
        found = [layer(slots[name]) for name, layer in zip(self.names, self.out, strict=True)]
        return torch.stack(found).sum(0)


class FiLMSlots(nn.Module):
    """V (gamma(s_1) * s_2 + beta(s_1)) + c, of two modalities: the first, by name, modulates the second."""

    def __init__(self, names: Sequence[str], width: int, classes: int) -> None:
        super().__init__()
        self.names = _pair("film", names)
        self.modulation = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, classes)

    def forward(self, slots: Mapping[str, Tensor]) -> Tensor:
        """Logits [rows, classes] from [rows, width] by modality."""
        gamma, beta = self.modulation(slots[self.names[0]]).chunk(2, 1)
        logits: Tensor = self.out(gamma * slots[self.names[1]] + beta)
        return logits


class GatedSlots(nn.Module):
    """V (sigmoid(A s_1 + a) * (B s_2 + b)) + c, of two modalities: the first, by name, gates the second."""

    def __init__(self, names: Sequence[str], width: int, classes: int) -> None:
        super().__init__()
        self.names = _pair("gated", names)
        self.gate = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, classes)

    def forward(self, slots: Mapping[str, Tensor]) -> Tensor:
        """Logits [rows, classes] from [rows, width] by modality."""
        gate = torch.sigmoid(self.gate(slots[self.names[0]]))
        logits: Tensor = self.out(gate * self.value(slots[self.names[1]]))
        return logits


SLOTS: dict[str, Callable[[Sequence[str], int, int], nn.Module]] = {
    "concat": ConcatSlots,
    "sum": SumSlots,
    "film": FiLMSlots,
    "gated": GatedSlots,
}


def _pair(kind: str, names: Sequence[str]) -> list[str]:
    if len(names) != 2:
        raise UserError(f"fusion {kind!r} is of two modalities, and there are {len(names)}: take concat or sum")
    return sorted(names)
