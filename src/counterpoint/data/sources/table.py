"""Columns of numbers in the form in which a table modality holds them."""

import numpy as np
import torch
from torch import Tensor


def standardised(values: np.ndarray, train: np.ndarray) -> Tensor:
    """(x - mean) / deviation, column by column; mean and population deviation of the training rows alone.

    Args:
        values: float64 [rows, columns], NaN where nothing is recorded; it stays NaN, and counts for nothing. No column
            is constant over the training rows.
        train: bool [rows].

    Returns:
        float32 [rows, columns].
    """
    seen = values[train]
    return torch.from_numpy((values - np.nanmean(seen, axis=0)) / np.nanstd(seen, axis=0)).float()
