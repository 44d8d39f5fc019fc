"""Topologies that follow from the number of peers alone."""

from abc import abstractmethod
from itertools import combinations, pairwise
from math import isqrt
from typing import Self

from counterpoint.simulate.graph import Graph
from counterpoint.simulate.topology import Topology, plain


class _Fixed(Topology):
    """A topology without numbers and without chance."""

    @classmethod
    def read(cls, text: str) -> Self:
        """Without numbers."""
        plain(cls, text)
        return cls()

    def drawn(self, peers: int, *, seed: int, round: int) -> Graph:
        """The same in every round."""
        return Graph.of(peers, self.pairs(peers))

    @abstractmethod
    def pairs(self, peers: int) -> list[tuple[int, int]]:
        """Its edges."""


class Ring(_Fixed):
    """i talks to i - 1 and i + 1, the last to the first."""

    name = form = "ring"
    what = "each peer talks to the one before and the one after it"

    def pairs(self, peers: int) -> list[tuple[int, int]]:
        """One a peer; of two peers one, of one none."""
        return list(pairwise(range(peers))) + ([(0, peers - 1)] if peers > 2 else [])


class Grid(_Fixed):
    """Rows of ceil(sqrt(n)) peers, of which the last may be shorter; each talks to those beside, above and below."""

    name = form = "grid"
    what = "a square of peers that talk to those beside, above and below"

    def pairs(self, peers: int) -> list[tuple[int, int]]:
        """Beside, and below."""
        width = isqrt(max(peers - 1, 0)) + 1
        beside = [(i, i + 1) for i in range(peers - 1) if (i + 1) % width]
        return beside + [(i, i + width) for i in range(peers - width)]


class Complete(_Fixed):
    """Everyone talks to everyone."""

    name = form = "complete"
    what = "everyone talks to everyone"

    def pairs(self, peers: int) -> list[tuple[int, int]]:
        """All."""
        return list(combinations(range(peers), 2))


class Star(_Fixed):
    """Peer 0 talks to all others, and nobody else to anybody else."""

    name = form = "star"
    what = "the first peer talks to all others, who talk to it alone"

    def pairs(self, peers: int) -> list[tuple[int, int]]:
        """From the first."""
        return [(0, i) for i in range(1, peers)]


class Nobody(_Fixed):
    """Nobody talks to anybody: what a peer reaches alone."""

    name = form = "none"
    what = "nobody talks to anybody"

    def pairs(self, peers: int) -> list[tuple[int, int]]:
        """None."""
        return []
