"""What there is below and above federated contrastive towers: each client alone, and all pairs pooled."""

from typing import ClassVar

from counterpoint.exchange import Weights
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.aligning import Aligning
from counterpoint.methods.client import Client
from counterpoint.methods.federation import Federation


class ClipLocal(Aligning):
    """No federation: each client trains towers on its own pairs and keeps them. No tensor of a model travels.

    Clients that have no text cannot name classes, and have no accuracy.
    """

    name = "clip-local"
    model_kind = "personal"

    def offer(self) -> Weights:
        """Nothing."""
        return Weights()

    def round(self, fed: Federation) -> None:
        """Let a sample of clients train on."""
        fed.visit(fed.sample(), self.local, self.offer())

    def local(self, client: Client, received: Weights) -> Weights:
        """Train on from the client's own towers."""
        client.memory["model"] = self.trained(client, client.load({}))
        return Weights(samples=client.sizes)

    def adapted(self, client: Client, received: Weights) -> Tensors:
        """The client's own towers, as they are."""
        return client.load({})


class ClipCentralized(Aligning):
    """Towers trained on the pooled pairs of all clients: the bound of `clip-fedavg`. It exists in simulation only."""

    name = "clip-centralized"
    needs_pool: ClassVar[bool] = True

    def round(self, fed: Federation) -> None:
        """Train on the pool."""
        self.weights = self.trained(fed.server, self.weights)
