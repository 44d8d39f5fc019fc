"""FedAvg of contrastive towers: the baseline of learning one space for all modalities."""

from counterpoint.aggregation import block_average
from counterpoint.exchange import Weights
from counterpoint.methods.aligning import Aligning
from counterpoint.methods.client import Client
from counterpoint.methods.federation import Federation


class ClipFedAvg(Aligning):
    """Towers averaged over clients, each trained on its own pairs by contrast (CLIP; Radford et al., ICML 2021).

    A round: sampled clients train the received towers for `epochs`; w_b <- sum_i n_i w_{b,i} / sum_i n_i of each block
    over the clients that own it and have something to contrast, n_i = 1, or the client's rows with `uniform=false`.
    """

    name = "clip-fedavg"

    def round(self, fed: Federation) -> None:
        """Visit a sample of clients, average what comes back."""
        uploads = fed.stream(fed.sample(), self.local, Weights(self.weights))
        self.weights = block_average(self.weights, uploads)

    def local(self, client: Client, received: Weights) -> Weights:
        """Train from the received towers."""
        start = client.load(received.weights)
        trained = self.adapted(client, received)
        return Weights(trained, samples=self.weight(client, start))
