"""How uploads become one model."""

from counterpoint.aggregation.average import BlockAverage, block_average
from counterpoint.aggregation.chi_square import (
    agnostic_weights,
    project_chi_square,
    project_simplex,
    worst_case_weights,
)

__all__ = [
    "BlockAverage",
    "agnostic_weights",
    "block_average",
    "project_chi_square",
    "project_simplex",
    "worst_case_weights",
]
