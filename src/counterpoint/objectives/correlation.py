"""How much two sets of embeddings say the same, whatever linear map is between them."""

import torch
from torch import Tensor
from torch.linalg import cholesky, solve_triangular, svdvals


def canonical_correlation(a: Tensor, b: Tensor, counts: Tensor, ridge: float = 1e-3) -> Tensor:
    """The sum of canonical correlations over the rows that count, a scalar from 0 to the smaller width.

    With a and b centred, C_aa = a^T a / (n - 1) + ridge I, C_bb likewise, C_ab = a^T b / (n - 1):

        sum of singular values of C_aa^(-1/2) C_ab C_bb^(-1/2),

    for which any root of the inverses will do: those by Cholesky are taken. Of fewer rows than columns nearly
    everything correlates; 0 where fewer than two rows count.

    Args:
        a: [rows, width].
        b: [rows, width].
        counts: bool [rows].
        ridge: added to variances, so that they can be inverted.
    """
    weight = counts.to(a.dtype)[:, None]
    n = weight.sum()
    own, other = (weight * (x - (weight * x).sum(0) / n.clamp(min=1)) for x in (a, b))
    scale = (n - 1).clamp(min=1)
    roots = [
        cholesky(x.T @ x / scale + ridge * torch.eye(x.shape[1], dtype=x.dtype, device=x.device)) for x in (own, other)
    ]
    half = solve_triangular(roots[0], own.T @ other / scale, upper=False)
    whitened = solve_triangular(roots[1], half.T, upper=False)
    return torch.where(n > 1, svdvals(whitened).sum(), 0.0)
