"""Losses as functions. Those of rows return one value a row; the engine averages."""

from counterpoint.objectives.classification import cross_entropy
from counterpoint.objectives.distance import inner_product, squared_distance
from counterpoint.objectives.distillation import soft_divergence
from counterpoint.objectives.sequence import reconstruction_error, sequence_divergence

__all__ = [
    "cross_entropy",
    "inner_product",
    "reconstruction_error",
    "sequence_divergence",
    "soft_divergence",
    "squared_distance",
]
