"""What is learnt with fewer labels than there are: beside what all of them teach, in the same run."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.data.stratify import stratified
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.client import Client, Loss


def chosen_rows(server: Client, params: Tensors, shares: Sequence[float], draws: torch.Generator) -> dict[str, Tensor]:
    """Of the server's labelled rows, for each share bool [rows]: so many of each label as its share of all rows.

    At least one row. Larger shares hold the rows of smaller ones, as far as rounding leaves them.

    Args:
        server: its handle.
        params: of the model; none is used.
        shares: of the rows, above 0 and below 1.
        draws: says which rows come first.
    """
    if not shares:
        return {}
    label = server.fold(_label, params, over="labelled", reduce="concatenate")
    order = torch.randperm(len(label), generator=draws)
    counts = {f"{share:g}": max(1, round(share * len(label))) for share in shares}
    return {name: stratified(label.cpu(), count, order).to(label.device) for name, count in counts.items()}


def _label(params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
    return batch.label


def of_chosen(loss: Callable[[Tensors, Batch, Mapping[str, Any]], Tensor]) -> Loss:
    """The mean of a loss over the chosen rows of a batch, `using["chosen"]` saying which of the split they are.

    A batch may hold none: then it is 0.
    """

    def mean(params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        counts: Tensor = batch.mask & using["chosen"][batch.index]
        return torch.where(counts, loss(params, batch, using), 0.0).sum() / counts.sum().clamp(min=1)

    return mean
