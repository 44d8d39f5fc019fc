"""A generator of features of a class."""

import torch
from torch import Tensor, nn


class ConditionalGenerator(nn.Module):
    """G(e, y) = V relu(norm(W [e; onehot(y)] + a)) + b.

    Its shape is that of FedGen's generator (Zhu, Hong, Zhou, ICML 2021), except that the norm is of layers where theirs
    is of batches: there are no running statistics to be mixed over devices, and a row depends on no other.

    Args:
        noise: numbers of e.
        classes: how many.
        hidden: width of the hidden layer.
        out: width of a feature.
    """

    def __init__(self, noise: int, classes: int, hidden: int, out: int) -> None:
        super().__init__()
        self.classes = classes
        self.hidden = nn.Linear(noise + classes, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.out = nn.Linear(hidden, out)

    def forward(self, noise: Tensor, label: Tensor) -> Tensor:
        """Features [rows, out] from noise [rows, noise] and labels int64 [rows]."""
        shown = label[:, None] == torch.arange(self.classes, device=label.device)
        inputs = torch.cat([noise, shown.to(noise.dtype)], 1)
        features: Tensor = self.out(torch.relu(self.norm(self.hidden(inputs))))
        return features
