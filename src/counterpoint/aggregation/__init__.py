"""How uploads become one model."""

from counterpoint.aggregation.average import block_average, sample_weights, weighted_mean

__all__ = ["block_average", "sample_weights", "weighted_mean"]
