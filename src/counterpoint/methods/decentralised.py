"""Methods without a server: every client is a peer in a network and talks to its neighbours alone."""

from abc import abstractmethod
from typing import ClassVar, Literal

from counterpoint.exchange import Weights
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.client import Client
from counterpoint.methods.federation import Federation
from counterpoint.methods.method import Method
from counterpoint.methods.peer import Peer


class Decentralised(Method):
    """Base of methods without a server.

    A subclass writes `peer`, the program of one peer in one round, in place of `round`. A peer's model lies in its
    memory under `model`; there is no other. Who talks to whom says the run's `network.topology`.
    """

    model_kind: ClassVar[Literal["global", "personal", "peer"]] = "peer"

    @abstractmethod
    def peer(self, peer: Peer) -> None:
        """One round of a peer's program."""

    def start(self, fed: Federation) -> None:
        """Nobody has more than its own: there are no weights of a server."""
        self.weights = {}

    def round(self, fed: Federation) -> None:
        """Let all peers run their program."""
        fed.gossip(self.peer)

    def offer(self) -> Weights:
        """Nothing."""
        return Weights()

    def adapted(self, client: Client, received: Weights) -> Tensors:
        """The peer's own model, as it is."""
        return client.load({})
