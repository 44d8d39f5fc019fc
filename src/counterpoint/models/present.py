"""Encoding the rows that have a modality, and only those."""

from torch import Tensor, nn


def encode_present(encoder: nn.Module, values: Tensor, present: Tensor, width: int) -> Tensor:
    """Embeddings [rows, width] of one modality; zeros, without gradient, where it is absent.

    Absent rows are not computed: their values are never read, whatever they hold.

    Args:
        encoder: [rows, *shape] -> [rows, width].
        values: [rows, *shape].
        present: bool [rows].
        width: of an embedding.
    """
    if bool(present.all()):
        encoded: Tensor = encoder(values)
        return encoded
    rows = present.nonzero().squeeze(1)
    empty = values.new_zeros((values.shape[0], width))
    return empty if not len(rows) else empty.index_copy(0, rows, encoder(values[rows]))
