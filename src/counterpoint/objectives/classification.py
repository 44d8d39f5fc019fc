"""Losses of classification."""

from torch import Tensor
from torch.nn import functional


def cross_entropy(logits: Tensor, label: Tensor) -> Tensor:
    """Cross-entropy of each row, -log softmax(logits)[label].

    Args:
        logits: [rows, classes].
        label: int64 [rows].

    Returns:
        [rows]; the engine takes the mean over the rows that count.
    """
    return functional.cross_entropy(logits, label, reduction="none")
