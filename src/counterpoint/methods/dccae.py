"""Deep canonically correlated autoencoders in a federation."""

from collections.abc import Mapping
from itertools import combinations
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.client import Objective
from counterpoint.methods.mm_fedavg import MMFedAvg
from counterpoint.methods.search import Search
from counterpoint.objectives import reconstruction_error
from counterpoint.objectives.correlation import canonical_correlation


class DCCAE(MMFedAvg):
    """`mm-fedavg` with canonically correlated autoencoders (Wang et al., ICML 2015; Zhao et al., IoTDI 2022).

    A modality is written from its own code alone. With z_m the code of a modality, over the rows of a batch that have
    both of a pair, all pairs added up:

        - sum of canonical correlations of z_a and z_b + lambda sum_m MSE(x^_m, rev x_m).

    A client with one modality minimises the error alone. See `objectives.correlation.canonical_correlation`: a batch
    should have several times as many rows as embeddings have values (`--batch-size 64`, `second`).

    Deviation: the paper knows two modalities.
    """

    name = "dccae"

    weight: Annotated[float, Field(ge=0, description="lambda, of reconstruction"), Search(1e-3, 1, log=True)] = 0.01
    ridge: Annotated[float, Field(gt=0, description="added to variances")] = 1e-3

    def in_turn(self, params: Mapping[str, Any]) -> list[Objective]:
        """One objective, of all modalities."""
        return [Objective(self.loss)]

    def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        """The objective, one value a row; correlation is of the whole batch, and the same in each."""
        parts = self.model.parts(params, batch, writes=True, others=False)
        names = sorted(batch.x)
        total = torch.zeros_like(batch.mask, dtype=torch.float32)
        for m in names:
            error = reconstruction_error(parts["written"][m][0], parts["target"][m])
            total = total + torch.where(batch.present[m], error, 0.0)
        if len(names) > 1:
            total = self.weight * total
        for a, b in combinations(names, 2):
            counts = batch.mask & batch.present[a] & batch.present[b]
            total = total - canonical_correlation(parts["h2"][a][:, -1], parts["h2"][b][:, -1], counts, self.ridge)
        return total
