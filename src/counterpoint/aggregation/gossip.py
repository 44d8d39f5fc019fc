"""Mixing with neighbours: weights, and averages by them."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

BYTES_AT_ONCE = 2**28
DENSE = 0.25
"""Share of entries from which on a matrix is multiplied as a dense one."""


def metropolis(edges: Tensor, owners: Tensor) -> tuple[Tensor, Tensor]:
    """The Metropolis-Hastings weights of a block, over the peers that own it.

        P_kj = 1 / (1 + max(deg_k, deg_j)) for an edge between owners, P_kk = 1 - sum_j P_kj,

    degrees counted among owners. P is symmetric and its rows and columns add up to 1. A peer that is silent in a round
    takes part in no edge, and its neighbours keep its weight for themselves; P stays symmetric. (Ours: weights that
    follow from the degrees of what is left in a round would be larger, but to know them a peer would have to know who
    is silent two hops away.)

    Args:
        edges: int64 [edges, 2].
        owners: bool [peers].

    Returns:
        The edges between owners, int64 [kept, 2], and their weights, float64 [kept].
    """
    kept = edges[owners[edges].all(1)]
    degree = torch.bincount(kept.flatten(), minlength=len(owners))
    return kept, 1.0 / (1 + degree[kept].amax(1).double())


def mixing_matrix(edges: Tensor, weights: Tensor, active: Tensor) -> Tensor:
    """P of those who are active, float64 [peers, peers]; rows of the others are those of the identity.

    Args:
        edges: int64 [edges, 2].
        weights: of each, float64 [edges].
        active: bool [peers].
    """
    some = active[edges].all(1)
    (a, b), w = edges[some].T, weights[some]
    matrix = torch.zeros(len(active), len(active), dtype=torch.float64)
    matrix[a, b] = w
    matrix[b, a] = w
    return matrix + torch.diag(1 - matrix.sum(1))


def mix(values: Tensor, who: Tensor, edges: Tensor, weights: Tensor, active: Tensor) -> Tensor:
    """w_k <- sum_j P_kj w_j of every owner, computed in double precision and rounded once.

    Equal rows stay as they are, to the bit. A row reaches its neighbours only, whatever is in it: one that is not
    finite does not spoil those of others. Of whole numbers (counters) the largest of the neighbourhood is taken, as in
    `block_average`.

    Args:
        values: of the owners, [owners, *shape].
        who: their numbers, ascending, int64 [owners].
        edges: between owners, int64 [edges, 2].
        weights: of each, float64 [edges].
        active: who takes part, bool [peers].
    """
    some = active[edges].all(1)
    row = torch.full((len(active),), -1)
    row[who] = torch.arange(len(who))
    ends, w = row[edges[some]], weights[some]
    if not len(ends):
        return values.clone()
    ends, w = ends.to(values.device), w.to(values.device)
    flat = values.flatten(1) if values.dim() > 1 else values[:, None]
    if not values.is_floating_point():
        found = flat.clone()
        for here, there in ((0, 1), (1, 0)):
            index = ends[:, here, None].expand(-1, flat.shape[1])
            found.scatter_reduce_(0, index, flat[ends[:, there]], "amax")
        return found.view(values.shape)
    change = _edgewise(ends, w) if values.dtype == torch.float64 else _by_matrix(ends, w, len(who))
    live = 3 * 2 * len(ends) + 2 * len(who) if values.dtype == torch.float64 else 2 * len(who)
    width = max(1, BYTES_AT_ONCE // (8 * live))
    mixed = []
    for first in range(0, flat.shape[1], width):
        wide = flat[:, first : first + width].double()
        mixed.append(change(wide).add_(wide).to(values.dtype))
    return torch.cat(mixed, 1).view(values.shape)


def _edgewise(ends: Tensor, weights: Tensor) -> Callable[[Tensor], Tensor]:
    """(P - 1) w as sums of P_kj (w_j - w_k), which are 0 of equal rows: nothing rounds doubles afterwards."""
    here, there = torch.cat([ends, ends.flip(1)]).T
    twice = torch.cat([weights, weights])[:, None]

    def change(wide: Tensor) -> Tensor:
        return torch.zeros_like(wide).index_add_(0, here, (wide[there] - wide[here]).mul_(twice))

    return change


def _by_matrix(ends: Tensor, weights: Tensor, size: int) -> Callable[[Tensor], Tensor]:
    """(P - 1) w as a product, dense where P is rather full and all is finite: 0 times infinity is not 0."""
    sparse = _matrix(ends, weights, size)
    dense = sparse.to_dense() if 2 * len(ends) > DENSE * size * size else None

    def change(wide: Tensor) -> Tensor:
        return (sparse if dense is None or not bool(wide.isfinite().all()) else dense) @ wide

    return change


def _matrix(ends: Tensor, weights: Tensor, size: int) -> Tensor:
    """P - 1, sparse: what others add to a row, and what the row gives up for it."""
    here, there = torch.cat([ends, ends.flip(1)]).T
    twice = torch.cat([weights, weights])
    given = torch.zeros(size, dtype=torch.float64, device=weights.device).index_add_(0, here, twice)
    every = torch.arange(size, device=here.device)
    index = torch.stack([torch.cat([here, every]), torch.cat([there, every])])
    entries = torch.cat([twice, -given])
    return torch.sparse_coo_tensor(index, entries, (size, size), check_invariants=True).coalesce()


def row(own: Tensor, heard: Sequence[tuple[Tensor, float]]) -> Tensor:
    """What `mix` makes of the row of one peer.

    Args:
        own: its tensor.
        heard: the tensors of neighbours, by their number, with their weights.
    """
    if not own.is_floating_point():
        return torch.stack([own, *(value for value, _ in heard)]).amax(0)
    mine = own.double()
    change = torch.zeros_like(mine)
    for value, weight in heard:
        change += weight * (value.double() - mine)
    return (mine + change).to(own.dtype)


def consensus_distance(values: Tensor) -> float:
    """sqrt(mean_k ||w_k - mean||^2) of [owners, *shape]."""
    wide = values.double().flatten(1) if values.dim() > 1 else values.double()[:, None]
    return float((wide - wide.mean(0)).square().sum(1).mean().sqrt())
