"""One exchange of all peers of a simulated network: who heard whom, and what mixing makes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from counterpoint.aggregation.gossip import metropolis, mix
from counterpoint.exchange.many import Many
from counterpoint.exchange.package import Package
from counterpoint.simulate.graph import Graph

Key = tuple[str, str]


@dataclass(frozen=True)
class Spoken:
    """What some peers say in an exchange.

    Attributes:
        sent: their packages, of one form.
        active: who of them speaks, bool [peers].
    """

    sent: Many[Package]
    active: Tensor

    def speaking(self) -> Many[Package] | None:
        """What is said by those who speak, if any do."""
        if bool(self.active.all()):
            return self.sent
        places = self.active.nonzero().flatten().tolist()
        return self.sent.rows(places) if places else None


@dataclass(frozen=True)
class Table:
    """One tensor of all that have it.

    Attributes:
        who: numbers of the peers that have it, ascending, int64 [owners].
        own: as each has it, [owners, *shape].
        told: as it arrived at neighbours; of peers that did not speak as they have it.
    """

    who: Tensor
    own: Tensor
    told: Tensor


class Exchanged:
    """What came of an exchange.

    Args:
        spoken: what all peers that run said.
        arrived: what of it neighbours got, refused packages left out.
        graph: who talks to whom; peers are numbered by their places in the run.
        number: of a client.
        owners: for a tensor of the model, which peers own it, bool [peers].
    """

    def __init__(
        self,
        spoken: Sequence[Spoken],
        arrived: Sequence[Many[Package]],
        graph: Graph,
        number: Mapping[int, int],
        owners: Callable[[str], Tensor],
    ) -> None:
        self.graph = graph
        self._number = number
        self._owners = owners
        self._own = _by_key([one.sent for one in spoken], number)
        self._told = _by_key(arrived, number)
        self.speaks = torch.zeros(graph.peers, dtype=torch.bool)
        for many in arrived:
            self.speaks[[number[client] for client in many.clients]] = True
        self._mixed: dict[Key, Tensor] = {}
        self._tables: dict[Key, Table] = {}

    def table(self, key: Key) -> Table:
        """A tensor of all that have it."""
        if key not in self._tables:
            who, own = self._own[key]
            told = own
            if key in self._told:
                spoke, values = self._told[key]
                told = own.clone()
                told[torch.searchsorted(who, spoke)] = values
            self._tables[key] = Table(who, own, told)
        return self._tables[key]

    def mixed(self, key: Key, peers: Tensor) -> Tensor:
        """A tensor of the model after mixing, of these peers, [peers, *shape]."""
        table = self.table(key)
        if key not in self._mixed:
            self._mixed[key] = self._mix(key, table)
        return self._mixed[key][torch.searchsorted(table.who, peers)]

    def _mix(self, key: Key, table: Table) -> Tensor:
        if key not in self._told:
            return table.own  # nobody sends it
        runs = torch.zeros_like(self.speaks)
        runs[table.who] = True
        edges, weights = metropolis(self.graph.edges, self._owners(key[1]))
        there = runs[edges].all(1)
        edges, weights = edges[there], weights[there]
        found = mix(table.told, table.who, edges, weights, self.speaks & runs)
        if table.told is table.own or torch.equal(table.told, table.own) or not found.is_floating_point():
            return found
        kept = self._kept(edges, weights)[table.who]
        change = kept.view(-1, *[1] * (found.dim() - 1)) * (table.own - table.told).double()
        return (found.double() + change).to(found.dtype)

    def _kept(self, edges: Tensor, weights: Tensor) -> Tensor:
        """The weight that each peer gives to itself, float64 [peers]: its own tensor did not travel."""
        heard = self.speaks[edges].all(1)
        given = torch.zeros(self.graph.peers, dtype=torch.float64)
        for end in (0, 1):
            given.index_add_(0, edges[heard, end], weights[heard])
        return 1 - given

    @property
    def places(self) -> int:
        """Places of a neighbourhood: that of the largest, the peer itself included."""
        return 1 + int(self.graph.degrees.max()) if self.graph.peers else 1

    def heard(self, peers: Tensor) -> tuple[Tensor, Tensor]:
        """Whom these peers hear.

        Returns:
            int64 [peers, places], numbers, the peer itself first, anything where there is none; bool, whether there is.
        """
        who = peers[:, None].expand(-1, self.places).clone()
        there = torch.zeros(len(peers), self.places, dtype=torch.bool)
        there[:, 0] = True
        for row, peer in enumerate(peers.tolist()):
            near = self.graph.neighbours(peer)
            who[row, 1 : 1 + len(near)] = torch.tensor(near, dtype=torch.long)
            there[row, 1 : 1 + len(near)] = self.speaks[list(near)] & self.speaks[peer]
        return who, there

    def each(self, key: Key, peers: Tensor) -> Tensor:
        """A tensor of all that these peers hear, [peers, places, *shape]; zeros where there is none."""
        table = self.table(key)
        who, there = self.heard(peers)
        row = torch.full((self.graph.peers,), -1)
        row[table.who] = torch.arange(len(table.who))
        places = row[who]
        found = table.told[places.clamp(min=0)]
        found[:, 0] = table.own[row[peers]]
        has = (there & (places >= 0)).view(*places.shape, *[1] * (found.dim() - 2))
        return torch.where(has.to(found.device), found, torch.zeros((), dtype=found.dtype, device=found.device))


def _by_key(packages: Sequence[Many[Package]], number: Mapping[int, int]) -> dict[Key, tuple[Tensor, Tensor]]:
    """By tensor, the numbers of those that sent it, ascending, and what they sent, in this order."""
    parts: dict[Key, list[tuple[Tensor, Tensor]]] = {}
    for many in packages:
        who = torch.tensor([number[client] for client in many.clients])
        for key, values in many.together.tensors().items():
            parts.setdefault(key, []).append((who, values))
    found: dict[Key, tuple[Tensor, Tensor]] = {}
    for key, some in parts.items():
        every, values = torch.cat([who for who, _ in some]), torch.cat([values for _, values in some])
        order = every.argsort()
        found[key] = every[order], values[order]
    return found
