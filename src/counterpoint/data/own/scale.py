"""Standardising tables."""

import numpy as np
import torch
from torch import Tensor

from counterpoint.data.modality import Modality
from counterpoint.errors import UserError


def standardised(modality: Modality, values: Tensor, train: Tensor) -> Tensor:
    """(x - mean) / deviation, column by column; 0 in a column that is constant over the training rows.

    Args:
        modality: a table.
        values: float64 [rows, columns], NaN where a value is missing; it stays NaN, and counts for nothing.
        train: bool [rows]: whose mean and population deviation are taken.

    Returns:
        float32 [rows, columns].

    Raises:
        UserError: a column has no value in any training row, or values too large to tell apart.
    """
    seen = values[train].numpy()
    empty = np.isnan(seen).all(axis=0)
    if empty.any():
        column = int(empty.argmax())
        named = modality.columns[column] if modality.columns else column
        raise UserError(f"modality {modality.name!r}: column {named} has no value in any training row: leave it out.")
    constant = np.nanmax(seen, axis=0) == np.nanmin(seen, axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, spread = np.nanmean(seen, axis=0), np.where(constant, 1.0, np.nanstd(seen, axis=0))
        scaled = torch.from_numpy((values.numpy() - mean) / spread)
    scaled[:, torch.from_numpy(constant)] = scaled[:, torch.from_numpy(constant)] * 0.0
    scaled = torch.where(values.isnan(), torch.nan, scaled).float()
    if not np.isfinite(spread).all() or not scaled.isfinite().logical_or(values.isnan()).all():
        raise UserError(f"modality {modality.name!r} has values that are too large to be standardised: scale them.")
    return scaled
