"""How uploads become one model."""

from counterpoint.aggregation.average import BlockAverage, block_average

__all__ = ["BlockAverage", "block_average"]
