"""Losses of classification."""

from torch import Tensor
from torch.nn import functional

from counterpoint.models.mode import is_stacked
from counterpoint.models.stacking.cross_entropy import cross_entropy as cross_entropy_of_many


def cross_entropy(logits: Tensor, label: Tensor) -> Tensor:
    """Cross-entropy of each row, -log softmax(logits)[label].

    Args:
        logits: [rows, classes].
        label: int64 [rows].

    Returns:
        [rows]; the engine takes the mean over the rows that count.
    """
    if is_stacked():
        return cross_entropy_of_many(logits, label)
    return functional.cross_entropy(logits, label, reduction="none")
