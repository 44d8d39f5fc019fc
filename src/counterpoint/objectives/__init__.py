"""Losses as functions. Those of rows return one value a row; the engine averages."""

from counterpoint.objectives.classification import cross_entropy
from counterpoint.objectives.contrastive import (
    contrastive,
    embedding_distance,
    mean_of_counted,
    similarity_divergence,
)
from counterpoint.objectives.decomposition import diversity, orthogonality
from counterpoint.objectives.distance import inner_product, squared_distance
from counterpoint.objectives.distillation import soft_divergence
from counterpoint.objectives.sequence import reconstruction_error, sequence_divergence

__all__ = [
    "contrastive",
    "cross_entropy",
    "diversity",
    "embedding_distance",
    "inner_product",
    "mean_of_counted",
    "orthogonality",
    "reconstruction_error",
    "sequence_divergence",
    "similarity_divergence",
    "soft_divergence",
    "squared_distance",
]
