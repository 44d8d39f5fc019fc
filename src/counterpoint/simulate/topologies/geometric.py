"""Peers in a square that reach those near them."""

from math import ceil
from typing import Self

import torch
from torch import Tensor

from counterpoint.errors import UserError
from counterpoint.simulate.graph import Graph, drawn_places
from counterpoint.simulate.topology import FIRST, Topology, numbers_of


class Geometric(Topology):
    """Peers lie uniformly in a square of 200 m, and those at most a radius apart talk.

    The radius is the smallest that connects all, where none is given. Drawn anew each round, peers have new places:
    they move; a given radius may then leave some alone.

    Args:
        radius: in metres; None for the smallest that connects all.
    """

    name = "geometric"
    form = "geometric or geometric:METRES"
    what = "peers in a square of 200 m that reach those near them"
    draws = True

    def __init__(self, radius: float | None) -> None:
        self._radius = radius

    @classmethod
    def read(cls, text: str) -> Self:
        """A radius, or nothing."""
        if not text:
            return cls(None)
        (radius,) = numbers_of(cls, text, 1)
        if radius <= 0:
            raise UserError(f"topology 'geometric:{text}': the radius must be above 0 metres")
        return cls(radius)

    def drawn(self, peers: int, *, seed: int, round: int) -> Graph:
        """Those within the radius."""
        places = drawn_places(peers, seed, "topology", self.name, round)
        # exact: by matrix products, as by default, distances are not alike both ways
        apart = torch.cdist(places, places, compute_mode="donot_use_mm_for_euclid_dist")
        least = smallest_radius(apart)
        radius = least if self._radius is None else self._radius
        if radius < least and round == FIRST:
            raise UserError(
                f"topology 'geometric:{radius:g}' leaves some of {peers} peers alone: the smallest radius that connects"
                f" all is {ceil(least * 10) / 10:.1f} m"
            )
        near = (apart <= radius).triu(1)
        return Graph(peers, near.nonzero(), places)


def smallest_radius(apart: Tensor) -> float:
    """The smallest radius that connects all: the longest edge of the shortest spanning tree.

    Args:
        apart: distances, float64 [peers, peers].
    """
    reach, longest = apart[0].clone(), 0.0
    inside = torch.zeros(len(apart), dtype=torch.bool)
    inside[0] = True
    for _ in range(len(apart) - 1):
        nearest = int(torch.where(inside, torch.inf, reach).argmin())
        longest = max(longest, float(reach[nearest]))
        inside[nearest] = True
        reach = torch.minimum(reach, apart[nearest])
    return longest
