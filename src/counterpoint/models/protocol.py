"""What a module may offer beyond `forward(batch)`."""

from collections.abc import Collection, Mapping
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from counterpoint.data.samples import Batch


@runtime_checkable
class SeesPatterns(Protocol):
    """A module that can answer for several patterns of modalities at the price of one."""

    def by_pattern(self, batch: Batch, patterns: Mapping[str, Collection[str]]) -> dict[str, Tensor]:
        """Logits [rows, classes] by pattern; every pattern's modalities are in the batch."""
        ...


@runtime_checkable
class HasParts(Protocol):
    """A module of which a method's loss needs more than the logits."""

    def parts(self, batch: Batch, **which: Any) -> dict[str, Any]:
        """Named tensors, or mappings of them, with one entry a row; which, where it can leave some out."""
        ...
