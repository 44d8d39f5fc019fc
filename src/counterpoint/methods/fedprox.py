"""FedProx: FedAvg whose clients are held near the received model."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.fedavg import FedAvg
from counterpoint.methods.search import Search
from counterpoint.objectives import squared_distance


class FedProx(FedAvg):
    """FedAvg with the local objective L(w) + mu/2 ||w - w_received||^2 (Li et al., MLSys 2020).

    Its gradient adds mu (w - w_received). Uniform local work is the run's setting; the paper's variable work is not
    simulated here.
    """

    mu: Annotated[float, Field(ge=0, description="weight of the proximal term"), Search(1e-4, 1, log=True)] = 0.01

    def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        """The local objective, one value a row."""
        return super().loss(params, batch, using) + self.mu / 2 * squared_distance(params, using["received"])
