"""MOON of contrastive towers: embeddings near those of the received model, away from those of the client's last."""

from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.exchange import Weights
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.client import Client
from counterpoint.methods.clip_fedavg import ClipFedAvg
from counterpoint.methods.search import Search
from counterpoint.objectives import mean_of_counted


class ClipMoon(ClipFedAvg):
    """`clip-fedavg` with the model contrast of MOON (Li, He, Song, CVPR 2021) on the embeddings of each modality.

    With z of the client, z_r of the received model, z_p of what the client ended its last visit with (in its first
    visit the received model again), tau = `contrast_temperature`:

        contrast - mu sum_m mean log( exp(<z, z_r> / tau) / (exp(<z, z_r> / tau) + exp(<z, z_p> / tau)) ),

    the mean over rows that have the modality.
    """

    name = "clip-moon"

    mu: Annotated[float, Field(ge=0, description="weight of the model contrast"), Search(0.01, 10, log=True)] = 1.0
    contrast_temperature: Annotated[float, Field(gt=0, description="of the model contrast")] = 0.5

    def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        """The contrast of a batch, and that of models."""
        own = self.embed(params, batch)
        near, far = (self.embed(using[name], batch, train=False) for name in ("received", "previous"))
        total = self.contrast(own, batch)
        for m, z in own.items():
            to_near, to_far = ((z * other[m].detach()).sum(1) / self.contrast_temperature for other in (near, far))
            rows = torch.stack([to_near, to_far]).logsumexp(0) - to_near
            total = total + self.mu * mean_of_counted(rows, batch.mask & batch.present[m])
        return total

    def adapted(self, client: Client, received: Weights) -> Tensors:
        """The received model after local training by both contrasts."""
        start = client.load(received.weights)
        previous = client.memory.get("previous", start)
        return self.trained(client, start, {"received": start, "previous": previous})

    def local(self, client: Client, received: Weights) -> Weights:
        """Train from the received towers, and keep what came of it."""
        sent = super().local(client, received)
        client.memory["previous"] = sent.weights
        return sent
