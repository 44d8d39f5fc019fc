"""Modality dropout: a training step hides modalities of samples at random, so that none is leant on alone."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.search import Search
from counterpoint.methods.terms.term import Term
from counterpoint.models.stacking.drawn import uniform
from counterpoint.objectives import cross_entropy


class ModalityDropout(Term):
    """Cross-entropy of samples of which modalities are hidden at random (ModDrop, Neverova et al., TPAMI 2016).

    In every step, each modality that a sample has is hidden with probability `rate`, independently; where that would
    hide all of them, the one whose draw was largest stays. A hidden modality is treated as a missing one.

    Deviation: the paper sets inputs to zero, here the fusion is told that they are missing.
    """

    name = "modality-dropout"
    draws: ClassVar[bool] = True

    rate: Annotated[
        float, Field(ge=0, lt=1, description="probability that a modality of a sample is hidden"), Search(0.05, 0.5)
    ] = 0.2

    def rows(self, params: Tensors, batch: Batch, prepared: Mapping[str, Any]) -> Tensor:
        """Cross-entropy of what is left, one value a row."""
        if len(batch.x) < 2:
            return cross_entropy(self.model(params, batch), batch.label)
        like = next(value for value in params.values() if value.is_floating_point())
        drawn = uniform(like, "modalities", (len(batch), len(batch.x)))
        return cross_entropy(self.model(params, hidden(batch, drawn, self.rate)), batch.label)


def hidden(batch: Batch, drawn: Tensor, rate: float) -> Batch:
    """The batch without the modalities of which less than `rate` was drawn, but at least one a row.

    Args:
        batch: of one client.
        drawn: [rows, modalities], modalities sorted by name.
        rate: in [0, 1).
    """
    names = sorted(batch.x)
    present = torch.stack([batch.present[m] for m in names], 1)
    largest = torch.where(present, drawn, -1.0).argmax(1, keepdim=True)
    last = torch.arange(len(names), device=drawn.device) == largest
    shown = present & ((drawn >= rate) | last)
    return replace(batch, present={m: shown[:, n] for n, m in enumerate(names)})
