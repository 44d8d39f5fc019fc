"""Layers in a form that can be batched over clients, and the check of which cannot."""

from counterpoint.models.stacking import gru, linear, lstm
from counterpoint.models.stacking.registry import stackable_copy, unstackable

__all__ = ["gru", "linear", "lstm", "stackable_copy", "unstackable"]
