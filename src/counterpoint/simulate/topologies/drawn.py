"""Topologies of chance alone."""

from typing import Self

from counterpoint.errors import UserError
from counterpoint.randomness import fold_key
from counterpoint.simulate.graph import Graph
from counterpoint.simulate.topology import FIRST, Topology, numbers_of

TRIES = 100


class ErdosRenyi(Topology):
    """Each pair talks with probability P, independently; drawn again until the graph is connected, if it stays.

    Args:
        p: P, in (0, 1].
    """

    name = "erdos-renyi"
    form = "erdos-renyi:P"
    what = "each pair of peers talks with probability P"
    draws = True

    def __init__(self, p: float) -> None:
        self._p = p

    @classmethod
    def read(cls, text: str) -> Self:
        """P."""
        (p,) = numbers_of(cls, text, 1)
        if not 0 < p <= 1:
            raise UserError(f"topology 'erdos-renyi:{text}': the probability must be above 0 and at most 1")
        return cls(p)

    def drawn(self, peers: int, *, seed: int, round: int) -> Graph:
        """The first connected one of up to 100 for the first round; whatever comes for later ones."""
        import networkx

        for attempt in range(TRIES if round == FIRST else 1):
            key = fold_key(seed, "topology", self.name, round, attempt)
            found = Graph.of(peers, networkx.gnp_random_graph(peers, self._p, seed=key % 2**32).edges)
            if found.connected or round != FIRST:
                return found
        raise UserError(
            f"topology 'erdos-renyi:{self._p:g}' of {peers} peers came out unconnected {TRIES} times: raise P"
        )


class SmallWorld(Topology):
    """A ring in which each talks to its K nearest, of whose edges each is moved elsewhere with probability P.

    That of Watts and Strogatz, drawn again until it is connected.

    Args:
        k: K, even or odd; of odd ones the next smaller even number counts.
        p: P, in [0, 1].
    """

    name = "small-world"
    form = "small-world:K,P"
    what = "a ring of K nearest neighbours, each edge moved elsewhere with probability P"
    draws = True

    def __init__(self, k: int, p: float) -> None:
        self._k, self._p = k, p

    @classmethod
    def read(cls, text: str) -> Self:
        """K, P."""
        k, p = numbers_of(cls, text, 2)
        if k != int(k) or k < 2 or not 0 <= p <= 1:
            raise UserError(f"topology 'small-world:{text}': K must be a whole number from 2 up, and P in 0 to 1")
        return cls(int(k), p)

    def drawn(self, peers: int, *, seed: int, round: int) -> Graph:
        """Connected in every round."""
        import networkx

        if peers <= self._k:
            raise UserError(
                f"topology 'small-world:{self._k},{self._p:g}' needs more than {self._k} peers, not {peers}"
            )
        key = fold_key(seed, "topology", self.name, round) % 2**32
        try:
            found = networkx.connected_watts_strogatz_graph(peers, self._k, self._p, tries=TRIES, seed=key)
        except networkx.NetworkXError as error:
            what = f"topology 'small-world:{self._k},{self._p:g}' of {peers} peers"
            raise UserError(f"{what} came out unconnected {TRIES} times: raise K") from error
        return Graph.of(peers, found.edges)
