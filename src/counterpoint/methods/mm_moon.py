"""Multimodal MOON on autoencoders."""

from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import cosine_similarity

from counterpoint.data.samples import Batch
from counterpoint.exchange import Weights
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.client import Client, Value
from counterpoint.methods.mm_fedavg import MMFedAvg
from counterpoint.methods.search import Search


class MMMoon(MMFedAvg):
    """`mm-fedavg` with the model-contrastive term of MOON (Li, He, Song, CVPR 2021) on embeddings.

    With z the embedding h2 at the last step by the model in training, z_g by the received one and z_p by the one that
    the client had after its last visit (the received one in the first), both frozen:

        mu * -log( exp(cos(z, z_g) / T) / (exp(cos(z, z_g) / T) + exp(cos(z, z_p) / T)) )

    in rows that have the modality.
    """

    name = "mm-moon"

    mu: Annotated[float, Field(ge=0, description="weight of the contrast"), Search(1e-4, 1, log=True)] = 0.001
    temperature: Annotated[float, Field(gt=0, description="T")] = 0.5

    def needed(self, client: Client, start: Tensors) -> dict[str, Value]:
        """The received model and the client's last one."""
        encoders = {n: v for n, v in start.items() if n.startswith("encoder.")}
        return {"received": start, "previous": client.memory.get("previous", encoders)}

    def trained(self, client: Client, received: Weights) -> Tensors:
        """The received autoencoders after local training, which the client remembers."""
        trained = super().trained(client, received)
        client.memory["previous"] = {n: v for n, v in trained.items() if n.startswith("encoder.")}
        return trained

    def reading(self, params: Tensors, batch: Batch, using: Mapping[str, Any], *, modality: str) -> Tensor:
        """Reconstruction from one modality, and the contrast, one value a row."""
        plain = super().reading(params, batch, using, modality=modality)
        models = (params, using["received"], using["previous"])
        own, near, far = (self.model.parts(p, batch, reads=[modality])["h2"][modality][:, -1] for p in models)
        to_near = cosine_similarity(own, near.detach(), 1) / self.temperature
        to_far = cosine_similarity(own, far.detach(), 1) / self.temperature
        contrast = torch.nn.functional.softplus(to_far - to_near)
        return plain + self.mu * torch.where(batch.present[modality], contrast, 0.0)
