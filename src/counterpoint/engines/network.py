"""The network of a run: who talks to whom in a round, and what an exchange of all makes of what they say."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from counterpoint.engines.exchanged import Exchanged, Spoken
from counterpoint.exchange.many import Many
from counterpoint.exchange.package import Package
from counterpoint.models.model import Model
from counterpoint.simulate.graph import Graph, places_of
from counterpoint.simulate.topology import Topology

Bytes = dict[int, dict[str, int]]
"""By client, by block."""


class Network:
    """Who talks to whom.

    Args:
        topology: of the run.
        modalities: of each client, by id.
        model: of the run.
        seed: of the run.
    """

    def __init__(self, topology: Topology, modalities: Mapping[int, tuple[str, ...]], model: Model, seed: int) -> None:
        self._topology = topology
        self._modalities = modalities
        self._model = model
        self._seed = seed
        self.number = {client: place for place, client in enumerate(sorted(modalities))}
        self.clients = sorted(modalities)
        self._owners: dict[str, Tensor] = {}
        self._graphs: tuple[int, Graph] | None = None

    def graph(self, round: int) -> Graph:
        """Who talks to whom in a round, by number."""
        if self._graphs is None or self._graphs[0] != round:
            self._graphs = round, self._topology.graph(len(self.clients), seed=self._seed, round=round)
        return self._graphs[1]

    def told(self, topology: str, rounds: int) -> dict[str, Any]:
        """Who talks to whom in a run, for people.

        The topology's name, places in metres, clients, and edges by the round from which on they are those.
        """
        edges: dict[str, list[list[int]]] = {}
        for number in range(1, rounds + 1):
            found = self.graph(number).edges.tolist()
            if not edges or found != next(reversed(edges.values())):
                edges[str(number)] = found
        places = places_of(self.graph(1), self._seed).tolist()
        return {"topology": topology, "places": places, "clients": self.clients, "edges": edges}

    def owners(self, name: str) -> Tensor:
        """Which peers own a tensor of the model, bool [peers]; all, of one that is not the model's."""
        modality = self._model.layout[name].modality if name in self._model.layout else None
        key = modality or ""
        if key not in self._owners:
            own = [modality is None or modality in self._modalities[client] for client in self.clients]
            self._owners[key] = torch.tensor(own)
        return self._owners[key]

    def exchanged(
        self, round: int, spoken: Sequence[Spoken], collect: Callable[[Many[Package]], Iterator[Many[Package]]]
    ) -> Exchanged:
        """What came of an exchange.

        Args:
            round: number of the round.
            spoken: what all peers that run say.
            collect: what arrives of packages, refused ones left out.
        """
        speaking = [one for one in (some.speaking() for some in spoken) if one is not None]
        arrived = [many for one in speaking for many in collect(one)]
        return Exchanged(spoken, arrived, self.graph(round), self.number, self.owners)

    def heard(self, round: int, speaks: Tensor, sent: Bytes) -> Bytes:
        """Bytes that each client hears, if these were sent by those who speak: of all neighbours together."""
        edges = self.graph(round).edges
        edges = edges[speaks[edges].all(1)]
        found: Bytes = {}
        for block in sorted({block for sizes in sent.values() for block in sizes}):
            size = torch.tensor([sent.get(client, {}).get(block, 0) for client in self.clients])
            total = torch.zeros_like(size)
            total.index_add_(0, edges[:, 0], size[edges[:, 1]]).index_add_(0, edges[:, 1], size[edges[:, 0]])
            for client, value in zip(self.clients, total.tolist(), strict=True):
                if value:
                    found.setdefault(client, {})[block] = value
        return found


def sent_bytes(traffic: Mapping[tuple[str, int, str], int]) -> Bytes:
    """The bytes that clients sent, out of a count of traffic."""
    found: Bytes = {}
    for (direction, client, block), size in traffic.items():
        if direction == "up":
            found.setdefault(client, {})[block] = size
    return found
