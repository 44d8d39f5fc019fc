"""What is measured, and how each number is named."""

from counterpoint.evaluate.balance import balance, balance_rows
from counterpoint.evaluate.geometry import alignment, modality_gap, uniformity
from counterpoint.evaluate.metric import OBSERVED, Metric, MetricName, client_scope
from counterpoint.evaluate.patterns import patterns
from counterpoint.evaluate.plane import Plane, plane
from counterpoint.evaluate.ranking import auc
from counterpoint.evaluate.retrieval import nearest, ranks, retrieval, retrieval_scores
from counterpoint.evaluate.scores import Tally, accuracy, class_std, macro_f1, spread, tally_rows
from counterpoint.evaluate.zero_shot import class_embeddings, zero_shot, zero_shot_logits

__all__ = [
    "OBSERVED",
    "Metric",
    "MetricName",
    "Plane",
    "Tally",
    "accuracy",
    "alignment",
    "auc",
    "balance",
    "balance_rows",
    "class_embeddings",
    "class_std",
    "client_scope",
    "macro_f1",
    "modality_gap",
    "nearest",
    "patterns",
    "plane",
    "ranks",
    "retrieval",
    "retrieval_scores",
    "spread",
    "tally_rows",
    "uniformity",
    "zero_shot",
    "zero_shot_logits",
]
