"""FedAvg: local training, then the block-wise average weighted by samples."""

from counterpoint.aggregation import block_average
from counterpoint.exchange import Weights
from counterpoint.methods.client import Client
from counterpoint.methods.federation import Federation
from counterpoint.methods.method import Method


class FedAvg(Method):
    """Federated averaging (McMahan et al., AISTATS 2017): local training, then the average weighted by samples.

    A round: sampled clients start from w and minimise their own loss; w <- sum_i n_i w_i / sum_i n_i, each block over
    the clients that own it, so that with modalities missing from clients an encoder is the average of its owners'
    (deviation: the paper knows one model that all clients own; with nothing missing the two agree).
    """

    def round(self, fed: Federation) -> None:
        """Visit a sample of clients and average what comes back."""
        uploads = fed.stream(fed.sample(), self.local, self.offer())
        self.weights = block_average(self.weights, uploads)

    def local(self, client: Client, received: Weights) -> Weights:
        """Train from the received weights."""
        return Weights(self.adapted(client, received), samples=client.sizes)
