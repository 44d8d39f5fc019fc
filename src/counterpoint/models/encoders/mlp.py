"""An encoder for tables, in which values may be missing."""

import torch
from torch import Tensor, nn

SMALL = 0.25
"""By which inputs are multiplied: small inputs learn more slowly, and noise in a table last of all."""


class TableMLP(nn.Module):
    """One layer of units over values and over which of them are missing; fusion and head are the layers after it.

    x [rows, columns], NaN where missing -> asinh(x), 0 where missing, beside 1 where missing, else 0: [rows, 2 columns]
    -> times 1/4 -> linear -> relu: [rows, width]. asinh leaves usual values nearly as they are and takes the far ones
    in. Every column has its indicator, whether or not it has gaps: what clients agree on must not depend on what some
    of them lack.

    Args:
        columns: of the input.
        width: of the embedding.
    """

    def __init__(self, columns: int, width: int) -> None:
        super().__init__()
        self.body = nn.Linear(2 * columns, width)

    def forward(self, x: Tensor) -> Tensor:
        """[rows, columns] -> [rows, width]."""
        missing = x.isnan()
        known = torch.where(missing, 0.0, x).asinh()
        embedding: Tensor = self.body(SMALL * torch.cat([known, missing.to(x.dtype)], 1)).relu()
        return embedding
