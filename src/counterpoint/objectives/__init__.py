"""Losses as functions. Those of rows return one value a row; the engine averages."""

from counterpoint.objectives.classification import cross_entropy
from counterpoint.objectives.distance import inner_product, squared_distance
from counterpoint.objectives.distillation import soft_divergence

__all__ = ["cross_entropy", "inner_product", "soft_divergence", "squared_distance"]
