"""Layers in a form that can be batched over clients, and the check of which cannot."""

from counterpoint.models.stacking import attention, dropout, embedding, gru, linear, lstm
from counterpoint.models.stacking.registry import draws, stackable_copy, unstackable, with_drawn

__all__ = [
    "attention",
    "draws",
    "dropout",
    "embedding",
    "gru",
    "linear",
    "lstm",
    "stackable_copy",
    "unstackable",
    "with_drawn",
]
