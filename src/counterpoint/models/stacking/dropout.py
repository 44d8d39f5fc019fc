"""Dropout layers, which draw from the engine on every engine."""

from torch import nn

from counterpoint.models.stacking.drawn import DrawnDropout
from counterpoint.models.stacking.registry import stacks


@stacks(nn.Dropout)
def drawn_dropout(layer: nn.Dropout) -> nn.Module:
    """The twin of a dropout layer."""
    return DrawnDropout(layer.p)


@stacks(nn.Dropout1d)
def drawn_dropout_1d(layer: nn.Dropout1d) -> nn.Module:
    """The twin of one that drops channels of sequences [rows, channels, steps]."""
    return DrawnDropout(layer.p, 1)


@stacks(nn.Dropout2d)
def drawn_dropout_2d(layer: nn.Dropout2d) -> nn.Module:
    """The twin of one that drops channels of images [rows, channels, height, width]."""
    return DrawnDropout(layer.p, 2)
