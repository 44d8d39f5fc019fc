"""What one device of a real network heard in an exchange."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from counterpoint.aggregation.gossip import metropolis, row
from counterpoint.exchange.layout import Tensors
from counterpoint.exchange.package import Package
from counterpoint.methods.peer import Heard
from counterpoint.simulate.graph import Graph


class HeardOverAir(Heard):
    """Its own package, and those of the neighbours that answered in time and may be used.

    Weights are those of the simulation: they follow from who owns what and who talks to whom, which all know; a
    neighbour that was not heard leaves its weight to the peer itself.

    Args:
        own: what it sent, or would have sent.
        heard: packages by number of the peer.
        peer: its own number.
        graph: who talks to whom in this round.
        owners: for a tensor of the model, which peers own it, bool [peers].
    """

    def __init__(
        self,
        own: Package,
        heard: Mapping[int, Package],
        *,
        peer: int,
        graph: Graph,
        owners: Callable[[str], Tensor],
    ) -> None:
        self._own = own
        self._heard = dict(sorted(heard.items()))
        self._peer = peer
        self._graph = graph
        self._owners = owners
        self._near = graph.neighbours(peer)
        self._places = 1 + int(graph.degrees.max())

    def mixed(self, field: str = "weights") -> Tensors:
        """Mixed with its neighbours'."""
        return {name: self._mixed(field, name, value) for name, value in getattr(self._own, field).items()}

    def _mixed(self, field: str, name: str, value: Tensor) -> Tensor:
        edges, weights = metropolis(self._graph.edges, self._owners(name))
        near = {
            int(a) + int(b) - self._peer: float(weight)
            for (a, b), weight in zip(edges.tolist(), weights.tolist(), strict=True)
            if self._peer in (a, b)
        }
        told = [
            (getattr(package, field)[name], near[other])
            for other, package in self._heard.items()
            if other in near and name in getattr(package, field)
        ]
        return row(value, told) if told else value.clone()

    def each(self, names: Sequence[str], field: str = "weights") -> Tensors:
        """Of everyone heard."""
        found = {}
        for name in names:
            own = getattr(self._own, field)[name]
            rows = torch.zeros(self._places, *own.shape, dtype=own.dtype)
            rows[0] = own
            for place, other in enumerate(self._near, start=1):
                if other in self._heard and name in getattr(self._heard[other], field):
                    rows[place] = getattr(self._heard[other], field)[name]
            found[name] = rows
        return found

    @property
    def there(self) -> Tensor:
        """Who was heard."""
        there = torch.zeros(self._places, dtype=torch.bool)
        there[0] = True
        for place, other in enumerate(self._near, start=1):
            there[place] = other in self._heard
        return there
