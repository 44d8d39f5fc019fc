"""What may be said of scores over seeds, and over data sets."""

from counterpoint.experiments.statistics.difference import Difference, holm, paired
from counterpoint.experiments.statistics.distributions import distributions
from counterpoint.experiments.statistics.mean import CONFIDENCE, Mean, mean_of
from counterpoint.experiments.statistics.ranks import Ranks, ranks

__all__ = ["CONFIDENCE", "Difference", "Mean", "Ranks", "distributions", "holm", "mean_of", "paired", "ranks"]
