"""How sure a model is of the true class, by class."""

import torch
from torch import Tensor

MOST_CLASSES = 50
"""Of more classes only the mean over classes is recorded."""


def confidence_rows(logits: Tensor, label: Tensor, counted: Tensor) -> Tensor:
    """Per row what sums up to the probability of the true class, by class.

    Args:
        logits: [rows, classes].
        label: int64 [rows].
        counted: bool [rows]; other rows give zeros, whatever their logits are.

    Returns:
        float64 [rows, classes]: the softmax probability of the true class, in the column of that class.
    """
    true = torch.nn.functional.one_hot(label, logits.shape[1]).bool() & counted[:, None]
    return torch.where(true, logits.double().softmax(1), 0.0)


def confidence(sums: Tensor, counts: Tensor) -> Tensor:
    """P[c], the mean probability of the true class over the samples of class c; NaN where there are none.

    Args:
        sums: [classes], of `confidence_rows`.
        counts: [classes], samples by class.
    """
    return torch.where(counts > 0, sums / counts.clamp(min=1), torch.nan)
