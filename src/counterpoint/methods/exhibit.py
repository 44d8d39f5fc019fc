"""What a method leaves behind to be looked at: where some embeddings lie, and what finds what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import torch
from torch import Tensor

from counterpoint.evaluate import nearest, ranks
from counterpoint.exchange.layout import Tensors
from counterpoint.randomness import generator

MOST_POINTS = 400
"""Of a map, both modalities together."""
QUERIES, NEAREST = 6, 5
"""Searches of each direction, and how many of the nearest are kept."""


@dataclass(frozen=True)
class Searches:
    """Some samples that look for their counterparts among all others.

    Attributes:
        query: int64 [searches], places in the global test.
        found: int64 [searches, up to 5], places of the nearest, the nearest first.
        right: bool, likewise: whether the content is that of the query's counterpart.
        cosine: float64, likewise.
        rank: of the counterpart, float64 [searches], see `evaluate.ranks`.
    """

    query: Tensor
    found: Tensor
    right: Tensor
    cosine: Tensor
    rank: Tensor


@dataclass(frozen=True)
class Exhibit:
    """Embeddings of samples of the global test that have both of two modalities.

    Attributes:
        rows: int64 [points], places in the global test; the same whatever the model is.
        z: by modality, its embeddings of these rows, [points, width].
        searches: by direction, `image>text`; none where nobody asked for them.
    """

    rows: Tensor
    z: Tensors
    searches: Mapping[str, Searches] = field(default_factory=dict)


def exhibit_of(test: Tensors, modalities: Sequence[str], text: str, *, searches: bool) -> Exhibit | None:
    """An exhibit of two modalities: of the first pair with the text, or the first pair; None where no row has both.

    Args:
        test: of the global test, `z/NAME` [rows, size], `present/NAME` and `index`; `content`, what the text says.
        modalities: of the model, sorted.
        text: name of the text; empty where there is none.
        searches: whether there are some.
    """
    pairs = sorted(combinations(modalities, 2), key=lambda pair: text not in pair)
    if not pairs:
        return None
    a, b = pairs[0]
    both = (test[f"present/{a}"] & test[f"present/{b}"]).nonzero().flatten()
    if not len(both):
        return None
    chosen = both[_some(len(both), MOST_POINTS // 2, "map").to(both.device)]
    z = {m: test[f"z/{m}"][chosen] for m in (a, b)}
    found: dict[str, Searches] = {}
    if searches:
        x, y, place = test[f"z/{a}"][both], test[f"z/{b}"][both], test["index"][both]
        groups = torch.arange(len(both), device=both.device)
        if text in (a, b) and "content" in test:
            groups = torch.unique(test["content"][both], dim=0, return_inverse=True)[1]
        found = {f"{a}>{b}": _searches(x, y, groups, place), f"{b}>{a}": _searches(y, x, groups, place)}
    return Exhibit(test["index"][chosen], z, found)


def _searches(x: Tensor, y: Tensor, groups: Tensor, place: Tensor) -> Searches:
    some = _some(len(x), QUERIES, "queries").to(x.device)
    found, cosine = nearest(x[some], y, NEAREST)
    right = groups[found] == groups[some, None]
    return Searches(place[some], place[found], right, cosine, ranks(x, y, groups)[some])


def _some(count: int, most: int, what: str) -> Tensor:
    return torch.randperm(count, generator=generator(0, "exhibit", what))[:most].sort().values
