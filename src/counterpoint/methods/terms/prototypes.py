"""PMR: prototypes of classes speed up the modality that lags."""

from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.errors import UserError
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.client import Client, Value
from counterpoint.methods.search import Search
from counterpoint.methods.terms.term import Term
from counterpoint.models.fusion import LateFusion
from counterpoint.models.model import Model
from counterpoint.objectives import cross_entropy

SMALLEST = 1e-12
"""Of what stands below a fraction or under a root."""


class PMR(Term):
    """Prototypical modal rebalance (Fan et al., CVPR 2023).

    c_m[k] is the mean embedding of modality m over the client's training rows of class k, by the received model; q_m =
    softmax over k of -||z_m - c_m[k]||, classes without rows left out. On each batch, over rows that have all
    modalities of the client:

        s_m = sum_i q_m(x_i)[y_i],  rho_m = s_m / mean of s over the other modalities,
        b_m = min(max(1 / rho_m - 1, 0), 1),  g_m = min(max(rho_m - 1, 0), 1),
        CE + sum_m (alpha b_m (-log q_m[y]) - entropy g_m H(q_m)).

    The second term pulls the lagging modality's embeddings towards their prototypes, the third keeps the leading one
    from being sure too early.

    Deviations: prototypes are computed once a visit, by the received model, on all rows, where the authors' code
    averages them over epochs on a tenth of the data. The entropy acts in every round, theirs in the first epochs only.
    Of more than two modalities, each is compared with the mean of the others. The defaults are ours.
    """

    name = "pmr"

    alpha: Annotated[float, Field(ge=0, description="of the lagging modality's loss"), Search(0.1, 2.0, log=True)] = 1.0
    entropy: Annotated[float, Field(ge=0, description="of the leading modality's entropy")] = 0.01

    def build(self, model: Model) -> None:
        """Only late fusion has embeddings that can be compared."""
        super().build(model)
        if not isinstance(model.module, LateFusion):
            raise UserError(f"term pmr compares embeddings: it needs late fusion, not a {type(model.module).__name__}")

    def prepare(self, client: Client, params: Tensors, over: str) -> Mapping[str, Value]:
        """Prototypes by modality, [classes, width], and whether a class has any rows, [classes]."""
        return {"prototypes": client.map(means, client.fold(self._sums, params, over=over))}

    def _sums(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensors:
        parts = self.model.parts(params, batch, train=False)
        classes = parts["out"]["fused"].shape[1]
        return {m: _by_class(z, batch.label, batch.present[m], classes) for m, z in parts["embedding"].items()}

    def rows(self, params: Tensors, batch: Batch, prepared: Mapping[str, Any]) -> Tensor:
        """Cross-entropy with both terms, one value a row."""
        names = sorted(batch.x)
        if len(names) < 2:
            return cross_entropy(self.model(params, batch), batch.label)
        parts = self.model.parts(params, batch)
        value = cross_entropy(parts["out"]["fused"], batch.label)
        logs = {m: similarity(parts["embedding"][m], prepared["prototypes"][m]) for m in names}
        complete = torch.stack([batch.present[m] for m in names]).all(0) & batch.mask
        right = {m: logs[m].gather(1, batch.label[:, None]).squeeze(1) for m in names}
        scores = {m: torch.where(complete, right[m].detach().exp(), 0.0).sum() for m in names}
        total = torch.stack([scores[m] for m in names]).sum(0)
        for m in names:
            rho = scores[m] / ((total - scores[m]) / (len(names) - 1)).clamp(min=SMALLEST)
            lags = (1 / rho.clamp(min=SMALLEST) - 1).clamp(0, 1)
            leads = (rho - 1).clamp(0, 1)
            randomness = -(logs[m].exp() * logs[m]).sum(1)
            extra = self.alpha * lags * -right[m] - self.entropy * leads * randomness
            known = prepared["prototypes"][m][:, -1][batch.label] > 0
            value = value + torch.where(batch.present[m] & known, extra, 0.0)
        return value


def similarity(embedding: Tensor, prototypes: Tensor) -> Tensor:
    """log q, [rows, classes].

    Args:
        embedding: [rows, width].
        prototypes: [classes, width + 1]; the last column is 1 where the class has a prototype, else 0.
    """
    there = prototypes[:, -1] > 0
    squares = (embedding[:, None, :] - prototypes[None, :, :-1]).square().sum(2)
    far = torch.full_like(squares, -1e4)
    return torch.where(there, -(squares + SMALLEST).sqrt(), far).log_softmax(1)


def means(sums: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Prototypes by modality as `similarity` takes them, from sums and counts, [classes, width + 1]."""
    found = {}
    for m, value in sums.items():
        count = value[:, -1:]
        found[m] = torch.cat([value[:, :-1] / count.clamp(min=1), (count > 0).to(value.dtype)], 1)
    return found


def _by_class(embedding: Tensor, label: Tensor, present: Tensor, classes: int) -> Tensor:
    """By row, the embedding and a one in the row's class, [rows, classes, width + 1]."""
    counted = torch.cat([embedding, torch.ones_like(embedding[:, :1])], 1)
    counted = torch.where(present[:, None], counted, 0.0)
    own = (label[:, None] == torch.arange(classes, device=label.device)).to(counted.dtype)
    return own[:, :, None] * counted[:, None, :]
