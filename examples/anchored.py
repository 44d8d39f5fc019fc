"""A method of one's own in a file.

counterpoint run examples/anchored.py --data watch --set strength=0.05
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from torch import Tensor

from counterpoint import Batch, FedAvg
from counterpoint.exchange import Tensors
from counterpoint.objectives import squared_distance


class Anchored(FedAvg):
    """FedAvg whose shared blocks are pulled towards the received model, while encoders are free."""

    strength: Annotated[float, Field(ge=0, description="of the pull on fusion and head")] = 0.1

    def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        """Cross-entropy, one value a row, plus strength/2 times the squared distance of the shared blocks."""
        shared = {name: value for name, value in params.items() if self.model.layout[name].modality is None}
        return super().loss(params, batch, using) + self.strength / 2 * squared_distance(shared, using["received"])
