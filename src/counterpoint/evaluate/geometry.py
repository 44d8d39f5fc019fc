"""How the embeddings of two modalities lie in the space that they share, on its unit sphere."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

CELLS = 4_000_000
"""Distances that are held at once, 32 MB."""


def alignment(a: Tensor, b: Tensor) -> float | None:
    """Mean over items of ||x - y||^2 with x, y the normalised embeddings of the two modalities; from 0 to 4.

    Less is better, 2 is what independent directions have. After Wang and Isola, "Understanding contrastive
    representation learning through alignment and uniformity on the hypersphere", ICML 2020, with their exponent 2.

    Args:
        a: [n, width].
        b: of the same items in the same order, [n, width].

    Returns:
        None where there is no item.
    """
    return float((_unit(a) - _unit(b)).square().sum(1).mean()) if len(a) else None


def uniformity(x: Tensor) -> float | None:
    """log of the mean over pairs of different rows of exp(-2 ||x_i - x_j||^2), x normalised; from -8 to 0.

    Less is better: rows are spread over the sphere; 0 means that all lie in one point. After Wang and Isola, ICML 2020,
    with their t = 2, of one modality. Evenly spread rows in a space of many dimensions are near -4.

    Args:
        x: [n, width].

    Returns:
        None where there are fewer than two rows.
    """
    unit = _unit(x)
    n = len(unit)
    if n < 2:
        return None
    total = unit.new_zeros(())
    size = max(1, CELLS // n)
    for start in range(0, n, size):
        rows = unit[start : start + size]
        square = (2 - 2 * rows @ unit.T).clamp(min=0)
        here = torch.arange(len(rows), device=unit.device)
        square[here, start + here] = torch.inf  # a row and itself are no pair
        total += (-2 * square).exp().sum()
    return float((total / (n * (n - 1))).log())


def modality_gap(a: Tensor, b: Tensor) -> float | None:
    """||mean of x - mean of y||, x and y the normalised embeddings of the two modalities; from 0 to 2.

    After Liang et al., "Mind the gap: understanding the modality gap in multi-modal contrastive representation
    learning", NeurIPS 2022. It is what remains apart though pairs may well find one another, and alignment is at least
    its square.

    Args:
        a: [n, width].
        b: [m, width].

    Returns:
        None where a modality has no row.
    """
    return float((_unit(a).mean(0) - _unit(b).mean(0)).norm()) if len(a) and len(b) else None


def _unit(x: Tensor) -> Tensor:
    return normalize(x.detach().double(), dim=1)
