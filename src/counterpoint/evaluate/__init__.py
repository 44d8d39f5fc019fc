"""What is measured, and how each number is named."""

from counterpoint.evaluate.balance import balance, balance_rows
from counterpoint.evaluate.metric import OBSERVED, Metric, MetricName, client_scope
from counterpoint.evaluate.patterns import patterns
from counterpoint.evaluate.ranking import auc
from counterpoint.evaluate.scores import Tally, accuracy, class_std, macro_f1, spread, tally_rows

__all__ = [
    "OBSERVED",
    "Metric",
    "MetricName",
    "Tally",
    "accuracy",
    "auc",
    "balance",
    "balance_rows",
    "class_std",
    "client_scope",
    "macro_f1",
    "patterns",
    "spread",
    "tally_rows",
]
