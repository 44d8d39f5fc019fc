"""Local training alone: what a client reaches without any federation."""

from counterpoint.exchange import Weights
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.client import Client
from counterpoint.methods.federation import Federation
from counterpoint.methods.method import Method


class Local(Method):
    """No federation: each client trains its own model and keeps it. The bar that federation has to clear.

    All start from the same initial tensors, which every party draws for itself. No tensor of a model travels.
    """

    model_kind = "personal"

    def offer(self) -> Weights:
        """Nothing."""
        return Weights()

    def round(self, fed: Federation) -> None:
        """Let a sample of clients train on."""
        fed.visit(fed.sample(), self.local, self.offer())

    def local(self, client: Client, received: Weights) -> Weights:
        """Train on from the client's own model."""
        start = client.load({})
        client.memory["model"] = client.train(start, self.loss, using=self.prepared(client, start))
        return Weights(samples=client.sizes)

    def adapted(self, client: Client, received: Weights) -> Tensors:
        """The client's own model, as it is."""
        return client.load({})
