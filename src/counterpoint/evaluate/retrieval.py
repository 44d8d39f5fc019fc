"""How well the embedding of one modality finds its counterpart among those of the other."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import normalize

CELLS = 4_000_000
"""Similarities that are held at once, 32 MB: a chunk of queries against all candidates."""
TIE = 1e-7
"""Cosines no further apart are equal: embeddings of single precision tell no more."""
DEPTHS = (1, 5, 10)
WORST = -2.0
"""In place of a cosine that is not a number: below every other, so that nothing is found by being damaged."""


def retrieval(a: Tensor, b: Tensor, groups: Tensor | None = None) -> tuple[dict[str, float], dict[str, float]]:
    """Scores of finding rows of b by rows of a, and of finding rows of a by rows of b; see `retrieval_scores`.

    Args:
        a: embeddings, [n, width].
        b: of the same items in the same order, [n, width].
        groups: int64 [n], equal for items whose content is the same, see `ranks`.
    """
    return retrieval_scores(ranks(a, b, groups)), retrieval_scores(ranks(b, a, groups))


def retrieval_scores(rank: Tensor) -> dict[str, float]:
    """Scores out of ranks. All depend on how many candidates there were: k right ones of n by chance are k / n.

    `recall@1`, `recall@5`, `recall@10`: share of queries whose rank is at most that. `median_rank`.
    `mean_reciprocal_rank`: mean of 1 / rank.

    Args:
        rank: [n], from 1; of `ranks`.

    Returns:
        Scores by name; none where there is no query.
    """
    if not len(rank):
        return {}
    rank = rank.double()
    return {
        **{f"recall@{depth}": float((rank <= depth).double().mean()) for depth in DEPTHS},
        "median_rank": float(rank.quantile(0.5)),
        "mean_reciprocal_rank": float(rank.reciprocal().mean()),
    }


def ranks(queries: Tensor, candidates: Tensor, groups: Tensor | None = None) -> Tensor:
    """The place, from 1, of the first right candidate where candidates are ordered by cosine; float64 [n].

    A candidate is right if it is of the query's item or of one with the same group. Many pictures may share a caption:
    their text is the same, no model can tell which of them is meant, and finding any of them is right.

    Ties are in random order, and the rank is what is expected then: with m wrong candidates nearer than the nearest
    right one, w wrong ones and r right ones as near as that one, 1 + m + w / (r + 1). For a single right candidate this
    is the mean of its best and its worst place. A model that maps everything to one point has rank (n + 1) / 2
    throughout, and not 1. What is no number is further than all else.

    No more than `CELLS` similarities are in memory, whatever n is.

    Args:
        queries: [n, width].
        candidates: of the same items in the same order, [n, width].
        groups: int64 [n], equal for items whose content is the same; all differ where None.

    Raises:
        ValueError: there are not as many of each.
    """
    key = torch.arange(len(queries), device=queries.device) if groups is None else groups
    if not len(queries) == len(candidates) == len(key):
        raise ValueError(f"{len(queries)} queries, {len(candidates)} candidates and {len(key)} groups are not pairs")
    found = [queries.new_zeros(0, dtype=torch.float64)]
    for rows, cosine in _chunks(queries, candidates):
        right = key[rows, None] == key
        nearest = cosine.masked_fill(~right, WORST).amax(1, keepdim=True)
        nearer = (cosine > nearest + TIE).sum(1)
        tied = (cosine - nearest).abs() <= TIE
        wrong, others = (tied & ~right).sum(1), (tied & right).sum(1)
        found.append(1 + nearer + wrong.double() / (others + 1))
    return torch.cat(found)


def nearest(queries: Tensor, candidates: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The nearest candidates of each query, the nearest first; of equal ones the first.

    Args:
        queries: [n, width].
        candidates: [m, width].
        count: how many; all where there are fewer.

    Returns:
        Which they are, int64 [n, count], and their cosines, float64 [n, count].
    """
    places, values = [], []
    for _, cosine in _chunks(queries, candidates):
        value, place = cosine.sort(dim=1, descending=True, stable=True)
        places.append(place[:, :count])
        values.append(value[:, :count])
    empty = queries.new_zeros(0, min(count, len(candidates)), dtype=torch.float64)
    return torch.cat([empty.long(), *places]), torch.cat([empty, *values])


def _chunks(queries: Tensor, candidates: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Rows of queries, and their cosines with all candidates."""
    a, b = (normalize(x.detach().double(), dim=1) for x in (queries, candidates))
    size = max(1, CELLS // max(1, len(b)))
    for start in range(0, len(a), size):
        rows = slice(start, start + size)
        yield rows, torch.nan_to_num(a[rows] @ b.T, nan=WORST)
