"""FedProx of contrastive towers."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.exchange import Weights
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.client import Client
from counterpoint.methods.clip_fedavg import ClipFedAvg
from counterpoint.methods.search import Search
from counterpoint.objectives import squared_distance


class ClipFedProx(ClipFedAvg):
    """`clip-fedavg` whose clients minimise contrast + mu / 2 ||w - w_received||^2 (Li et al., MLSys 2020)."""

    name = "clip-fedprox"

    mu: Annotated[float, Field(ge=0, description="weight of the proximal term"), Search(1e-4, 1, log=True)] = 0.01

    def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        """The contrast of a batch, and the proximal term."""
        return super().loss(params, batch, using) + self.mu / 2 * squared_distance(params, using["received"])

    def adapted(self, client: Client, received: Weights) -> Tensors:
        """The received model after local training near it."""
        start = client.load(received.weights)
        return self.trained(client, start, {"received": start})
