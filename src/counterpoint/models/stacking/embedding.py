"""Embedding for stacks of clients: PyTorch's own rule forgets, for all clients but the first, which row is padding."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from counterpoint.models.stacking.registry import stacks


class StackedEmbedding(nn.Module):
    """`nn.Embedding`: rows of a table, the row `padding_idx` without gradient.

    Args:
        layer: whose table it takes.
    """

    def __init__(self, layer: nn.Embedding) -> None:
        super().__init__()
        self.padding = layer.padding_idx
        self.weight = nn.Parameter(layer.weight.detach().clone(), requires_grad=layer.weight.requires_grad)

    def forward(self, input: Tensor) -> Tensor:
        """Indices [...] -> [..., width]."""
        found = functional.embedding(input, self.weight)
        if self.padding is None:
            return found
        return torch.where((input == self.padding)[..., None], found.detach(), found)


@stacks(nn.Embedding)
def stacked_embedding(layer: nn.Embedding) -> nn.Module | None:
    """The twin of an embedding that leaves its table as it is, with dense gradients."""
    usual = layer.max_norm is None and not layer.scale_grad_by_freq and not layer.sparse
    return StackedEmbedding(layer) if usual else None
