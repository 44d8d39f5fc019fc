"""Who talks to whom."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from counterpoint.errors import CounterpointError
from counterpoint.randomness import generator

SIDE = 200.0
"""Metres: the side of the square in which peers lie."""


@dataclass(frozen=True)
class Graph:
    """An undirected graph of peers, numbered from 0.

    Attributes:
        peers: how many.
        edges: int64 [edges, 2], each pair (i < j) once, in order.
        places: where peers are in metres, float64 [peers, 2]; None where the topology does not say.
    """

    peers: int
    edges: Tensor
    places: Tensor | None = None

    def __post_init__(self) -> None:
        e = self.edges
        if e.dtype != torch.int64 or e.dim() != 2 or e.shape[1] != 2:
            raise CounterpointError(f"edges are int64 [edges, 2], not {e.dtype} {tuple(e.shape)}")
        if len(e) and (int(e.min()) < 0 or int(e.max()) >= self.peers or bool((e[:, 0] >= e[:, 1]).any())):
            raise CounterpointError(f"each edge is a pair i < j of peers below {self.peers}")
        keys = e[:, 0] * self.peers + e[:, 1]
        if bool((keys[1:] <= keys[:-1]).any()):
            raise CounterpointError("edges are in order, each once")

    @classmethod
    def of(cls, peers: int, pairs: Iterable[tuple[int, int]], places: Tensor | None = None) -> "Graph":
        """The graph with these edges, in any order and direction."""
        tidy = sorted({(min(a, b), max(a, b)) for a, b in pairs})
        return cls(peers, torch.tensor(tidy, dtype=torch.long).reshape(-1, 2), places)

    @cached_property
    def _near(self) -> tuple[tuple[int, ...], ...]:
        near: list[list[int]] = [[] for _ in range(self.peers)]
        for a, b in self.edges.tolist():
            near[a].append(b)
            near[b].append(a)
        return tuple(tuple(sorted(some)) for some in near)

    def neighbours(self, peer: int) -> tuple[int, ...]:
        """The peers that one talks to, ascending."""
        return self._near[peer]

    @cached_property
    def degrees(self) -> Tensor:
        """How many neighbours each has, int64 [peers]."""
        return torch.bincount(self.edges.flatten(), minlength=self.peers)

    @property
    def connected(self) -> bool:
        """Whether every peer can be reached from every other."""
        seen = {0} if self.peers else set()
        fresh = list(seen)
        while fresh:
            reached = {other for peer in fresh for other in self._near[peer]} - seen
            seen |= reached
            fresh = list(reached)
        return len(seen) == self.peers

    def without(self, peers: Collection[int]) -> "Graph":
        """The same without the edges of these peers."""
        gone = torch.zeros(self.peers, dtype=torch.bool)
        gone[list(peers)] = True
        return replace(self, edges=self.edges[~gone[self.edges].any(1)])


def places_of(graph: Graph, seed: int) -> Tensor:
    """Where the peers of a graph are: as it says, or uniform in the square; float64 [peers, 2], metres."""
    return drawn_places(graph.peers, seed, "places") if graph.places is None else graph.places


def drawn_places(peers: int, seed: int, *key: int | str) -> Tensor:
    """Places uniform in the square, keyed; float64 [peers, 2], metres."""
    return torch.rand(peers, 2, generator=generator(seed, *key), dtype=torch.float64) * SIDE
