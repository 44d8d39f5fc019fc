"""The names, shapes, types and blocks of a model's tensors: what sender and receiver agree on beforehand."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch

Tensors = dict[str, torch.Tensor]
"""Named tensors of a model, for example {"encoder.acc.out.weight": ...}."""


@dataclass(frozen=True)
class TensorSpec:
    """One tensor of a model.

    Attributes:
        shape: its shape.
        dtype: its type.
        block: the block that it belongs to, for example `encoder.acc`.
        modality: the modality a client must own to own the block; None for blocks that everyone owns.
        buffer: whether it is a buffer (running statistics, say), which no gradient moves.
        frozen: whether it is a parameter that never moves (`requires_grad=False`: a pretrained backbone, say). Every
            party has it from the start, so it does not travel.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype
    block: str
    modality: str | None = None
    buffer: bool = False
    frozen: bool = False

    @property
    def fixed(self) -> bool:
        """Whether no gradient moves it."""
        return self.buffer or self.frozen


class Layout:
    """All tensors of a model by name, and who owns them."""

    def __init__(self, specs: Mapping[str, TensorSpec]) -> None:
        self.specs = dict(specs)
        self.blocks = tuple(sorted({spec.block for spec in specs.values()}))

    def __contains__(self, name: object) -> bool:
        return name in self.specs

    def __getitem__(self, name: str) -> TensorSpec:
        return self.specs[name]

    def owned(self, modalities: Collection[str]) -> tuple[str, ...]:
        """Names of the tensors that a client with these modalities owns, in the model's order."""
        return tuple(n for n, s in self.specs.items() if s.modality is None or s.modality in modalities)

    def of_block(self, block: str) -> tuple[str, ...]:
        """Names of the tensors of a block."""
        return tuple(n for n, s in self.specs.items() if s.block == block)

    def size(self) -> int:
        """Bytes of all tensors together."""
        count = {n: torch.Size(s.shape).numel() for n, s in self.specs.items()}
        return sum(count[n] * s.dtype.itemsize for n, s in self.specs.items())
