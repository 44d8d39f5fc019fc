"""Gradient blending: each modality's loss weighted by how well it generalises and how little it overfits."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.client import Client, Value
from counterpoint.methods.terms.term import Term
from counterpoint.objectives import cross_entropy

FUSED = "fused"
"""The branch that sees all modalities."""
SMALLEST = 1e-3
"""Of a change of overfitting that stands, squared, below a fraction."""


class GradientBlending(Term):
    """Gradient blending (Wang, Tran, Feiszli, CVPR 2020): "What makes training multi-modal networks hard?".

    With branches k, one a modality alone and one of all, the objective is sum_k w_k CE_k. Before it trains, a client
    trains each branch alone for `probe` epochs from the received model on four fifths of its rows, and from the loss on
    these (T) and on the others (V), before and after:

        G_k = V_k(before) - V_k(after),  O_k = (V_k - T_k)(after) - (V_k - T_k)(before),
        w_k = (max(G_k, 0) / O_k^2) / sum_j (max(G_j, 0) / O_j^2).

    The final training is on all rows. Where no branch gains, all weights are equal. In rows that lack a modality its
    branch has no loss.

    Deviations: a branch is the network itself with other modalities hidden, where the paper has a classifier a branch.
    Weights are a client's own and new in every visit (the paper's online variant, with a visit as its super-epoch).
    Every `fold`th row is held out, as clients have no validation data of their own; |O_k| is at least 0.001.
    """

    name = "blending"

    probe: Annotated[int, Field(ge=1, description="epochs of training that a branch is judged by")] = 1
    fold: Annotated[int, Field(ge=2, description="one row of so many is held out to judge by")] = 5

    def prepare(self, client: Client, params: Tensors, over: str) -> Mapping[str, Value]:
        """The weights of the branches."""
        before = client.fold(self._sums, params, over=over)
        after = {}
        for branch in self.branches(params):
            trained = client.train(params, partial(self._alone, branch=branch), epochs=self.probe, over=over)
            after[branch] = client.fold(self._sums, trained, over=over)
        return {"weight": client.map(weights, before, after)}

    def branches(self, params: Tensors) -> list[str]:
        """The modalities that a client owns, and all of them; of one modality there is one branch."""
        owned = {self.model.layout[name].modality for name in params}
        names = [m for m in self.model.modalities if m in owned]
        return [*names, FUSED] if len(names) > 1 else [FUSED]

    def _alone(self, params: Tensors, batch: Batch, using: Mapping[str, Any], branch: str) -> Tensor:
        """The loss of one branch in rows that are not held out."""
        return torch.where(self._held(batch), 0.0, self._branch(params, batch, branch))

    def _held(self, batch: Batch) -> Tensor:
        return batch.index % self.fold == self.fold - 1

    def _sums(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensors:
        """By row and branch: loss in training rows, in held-out ones, and ones to count either."""
        held = self._held(batch).float()
        found = {}
        for branch in self.branches(params):
            there = batch.present[branch] if branch != FUSED else torch.ones_like(batch.mask)
            loss, counts = self._branch(params, batch, branch), there.float()
            found[branch] = torch.stack([loss * (1 - held), loss * held, counts * (1 - held), counts * held], 1)
        return found

    def _branch(self, params: Tensors, batch: Batch, branch: str) -> Tensor:
        """Cross-entropy with one modality shown, or all; 0 in rows that lack it."""
        if branch == FUSED:
            return cross_entropy(self.model(params, batch), batch.label)
        loss = cross_entropy(self.model(params, batch.only([branch])), batch.label)
        return torch.where(batch.present[branch], loss, 0.0)

    def rows(self, params: Tensors, batch: Batch, prepared: Mapping[str, Any]) -> Tensor:
        """The blend, one value a row."""
        parts = [weight * self._branch(params, batch, branch) for branch, weight in prepared["weight"].items()]
        return torch.stack(parts).sum(0)


def weights(before: Mapping[str, Tensor], after: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """w by branch; equal where none gains.

    Args:
        before: by branch, sums of the loss in training rows and in held-out ones, and their counts, [4].
        after: the same, by branch, after training of the branch of the outer name.
    """
    raw = {}
    for branch, found in after.items():
        (t0, v0), (t1, v1) = _means(before[branch]), _means(found[branch])
        gain, overfit = (v0 - v1).clamp(min=0), (v1 - t1) - (v0 - t0)
        raw[branch] = gain / overfit.abs().clamp(min=SMALLEST).square()
    total = torch.stack(list(raw.values())).sum(0)
    equal = torch.full_like(total, 1 / len(raw))
    return {branch: torch.where(total > 0, value / total.clamp(min=1e-30), equal) for branch, value in raw.items()}


def _means(sums: Tensor) -> tuple[Tensor, Tensor]:
    """Mean loss in training rows and in held-out ones."""
    return sums[0] / sums[2].clamp(min=1), sums[1] / sums[3].clamp(min=1)
