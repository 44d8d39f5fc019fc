"""Encoding the rows that have a modality, and only those."""

from contextlib import nullcontext

import torch
from torch import Tensor, nn

from counterpoint.models.draws import current_draws
from counterpoint.models.mode import is_stacked


def encode_present(encoder: nn.Module, values: Tensor, present: Tensor, width: int) -> Tensor:
    """Embeddings [rows, width] of one modality; zeros, without gradient, where it is absent.

    Absent rows are not computed: their values are never read, whatever they hold. In a stack of clients, whose tensors
    must have one shape, they are computed and thrown away; the engine has put a present row in their place.

    Args:
        encoder: [rows, *shape] -> [rows, width].
        values: [rows, *shape].
        present: bool [rows].
        width: of an embedding.
    """
    if is_stacked() and len(values):
        return _encode_masked(encoder, values, present)
    rows = present.nonzero().squeeze(1)
    empty = values.new_zeros((values.shape[0], width))
    if not len(rows):  # not every layer can compute nothing
        return empty
    if len(rows) == len(values):
        encoded: Tensor = encoder(values)
        return encoded
    draws = current_draws()
    with draws.of_rows(rows, len(values)) if draws else nullcontext():
        return empty.index_copy(0, rows, encoder(values[rows]))


def _encode_masked(encoder: nn.Module, values: Tensor, present: Tensor) -> Tensor:
    encoded: Tensor = encoder(values)
    return torch.where(present[:, None], encoded, 0.0)
