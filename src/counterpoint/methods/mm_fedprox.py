"""Multimodal FedProx on autoencoders."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.mm_fedavg import MMFedAvg, norm_of_difference
from counterpoint.methods.search import Search


class MMFedProx(MMFedAvg):
    """`mm-fedavg` with mu ||w - w_received||_2 of the encoder that is read, in each objective.

    As in the code of FedMEKT's authors it is the norm, not its square: the pull has length mu wherever the client is,
    where that of FedProx (Li et al., MLSys 2020) grows with the distance. At the received model itself there is none.
    """

    name = "mm-fedprox"

    mu: Annotated[float, Field(ge=0, description="weight of the pull"), Search(1e-4, 1, log=True)] = 0.001

    def reading(self, params: Tensors, batch: Batch, using: Mapping[str, Any], *, modality: str) -> Tensor:
        """Reconstruction from one modality, and the pull, one value a row."""
        plain = super().reading(params, batch, using, modality=modality)
        own = {n: v for n, v in params.items() if n.startswith(f"encoder.{modality}.")}
        return plain + self.mu * norm_of_difference(own, using["received"])
