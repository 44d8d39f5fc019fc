"""Losses of features that are cut into common and specific parts, and of those that are generated."""

import torch
from torch import Tensor

SMALLEST = 1e-6
"""Added to norms."""


def orthogonality(common: Tensor, specific: Tensor, counts: Tensor) -> Tensor:
    """How far common and specific parts say the same, a scalar.

        mean_ij ((C^T S)_ij)^2

    with C [rows, common] and S [rows, specific] centred over the rows and then divided by the norm of each row plus
    1e-6, which gets no gradient. Row i of C^T S is how feature i of the one goes with every feature of the other; 0
    where none does. This is the difference loss of domain separation networks, as MISA has it (Hazarika, Zimmermann,
    Poria, ACM MM 2020).

    Args:
        common: [rows, common].
        specific: [rows, specific].
        counts: bool [rows]: has the modality, and does not only fill a batch up. Other rows have no influence, whatever
            their values are. Fewer than two rows give 0, for there is nothing left when they are centred.
    """
    c, s = (_normalised(values, counts) for values in (common, specific))
    return (c.T @ s).square().mean()


def diversity(noise: Tensor, features: Tensor, counts: Tensor | None = None) -> Tensor:
    """How little features differ where noises do, a scalar in (0, 1]: FedGen's diversity loss.

        exp(-mean_ij d(e_i, e_j) d'(g_i, g_j)),

    d the mean of squared differences over the numbers of the noises, d' the mean of absolute differences over those of
    the features, both of all rows i, j, a row with itself among them. 1 where all features are equal.

    Args:
        noise: e, [rows, noise].
        features: g, [rows, width].
        counts: bool [rows]; all rows where None. Others have no influence.
    """
    if counts is None:
        counts = torch.ones_like(noise[:, 0], dtype=torch.bool)
    e, g = (torch.where(counts[:, None], values, 0.0) for values in (noise, features))
    of_noises = torch.cdist(e, e, compute_mode="donot_use_mm_for_euclid_dist").square() / e.shape[1]
    of_features = torch.cdist(g, g, 1.0) / g.shape[1]  # without [rows, rows, width] in memory
    pairs = counts[:, None] & counts
    return torch.exp(-torch.where(pairs, of_noises * of_features, 0.0).sum() / pairs.sum().clamp(min=1))


def _normalised(values: Tensor, counts: Tensor) -> Tensor:
    """Centred over the rows that count, each divided by its norm; zeros where a row does not count.

    Centred in double precision: of equal rows nothing must be left, for what is left is divided by next to nothing.
    """
    shown = counts[:, None]
    kept = torch.where(shown, values, 0.0).double()
    centred = torch.where(shown, kept - kept.sum(0) / counts.sum().clamp(min=1), 0.0).to(values.dtype)
    return centred / (centred.detach().square().sum(1, keepdim=True).sqrt() + SMALLEST)
