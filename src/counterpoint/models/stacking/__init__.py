"""Layers in a form that can be batched over clients, and the check of which cannot."""

from counterpoint.models.stacking import gru, lstm
from counterpoint.models.stacking.registry import stackable_copy, unstackable

__all__ = ["gru", "lstm", "stackable_copy", "unstackable"]
