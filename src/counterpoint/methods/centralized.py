"""Centralized training on pooled data: the bound that federation is measured against."""

from counterpoint.methods.federation import Federation
from counterpoint.methods.method import Method


class Centralized(Method):
    """One model trained on the pooled training data of all clients, with what is missing there missing here.

    A round is one local training of the run's settings over the pool, the optimiser's state going on from round to
    round. It is not federated and exists in simulation only; no package travels, and the raw data that would are not
    counted.
    """

    needs_pool = True

    def round(self, fed: Federation) -> None:
        """Train on the pool."""
        using = self.prepared(fed.server, self.weights, over="pool")
        self.weights = fed.server.train(self.weights, self.loss, using=using, over="pool", remember="optimizer")
