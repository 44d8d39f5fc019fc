"""Comparisons of methods: grids of runs, what they cost, what they show; and searches for settings."""

from counterpoint.experiments.case import Case, cases
from counterpoint.experiments.comparison import Comparison
from counterpoint.experiments.condition import Condition
from counterpoint.experiments.outcome import Outcome, Results, Where, score_name
from counterpoint.experiments.store import Store, load
from counterpoint.experiments.variant import Variant

__all__ = [
    "Case",
    "Comparison",
    "Condition",
    "Outcome",
    "Results",
    "Store",
    "Variant",
    "Where",
    "cases",
    "load",
    "score_name",
]
