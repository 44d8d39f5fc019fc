"""Scores of a classifier out of its confusion matrix, loss sum and, of two classes, histogram of scores."""

from dataclasses import dataclass

import torch
from torch import Tensor

from counterpoint.evaluate.ranking import auc, ranked_rows


def accuracy(confusion: Tensor) -> float:
    """Share of samples classified right: trace / sum.

    Args:
        confusion: [classes, classes], counts by (true, predicted); at least one sample.
    """
    return float(confusion.diagonal().sum() / confusion.sum())


def macro_f1(confusion: Tensor) -> float:
    """Mean over classes of F1 = 2 TP / (2 TP + FP + FN), each class counting once.

    Classes that occur neither in truth nor in prediction are left out.

    Args:
        confusion: [classes, classes], counts by (true, predicted); at least one sample.
    """
    both = confusion.sum(0) + confusion.sum(1)
    seen = both > 0
    return float((2 * confusion.diagonal()[seen] / both[seen]).mean())


def class_std(confusion: Tensor) -> float:
    """Population standard deviation of recalls (samples of a class classified right / all of it).

    Classes that do not occur in truth are left out.

    Args:
        confusion: [classes, classes], counts by (true, predicted); at least one sample.
    """
    count = confusion.sum(1)
    seen = count > 0
    return float((confusion.diagonal()[seen] / count[seen]).std(correction=0))


@dataclass(frozen=True)
class Tally:
    """What a model did on some samples, in a form that adds up.

    Attributes:
        confusion: float64 [classes, classes], counts by (true, predicted).
        loss: float64 scalar, sum of cross-entropies.
        histogram: int64 [2, bins], counts by (true, score) as `ranking` has them; None where there are not two classes.
    """

    confusion: Tensor
    loss: Tensor
    histogram: Tensor | None = None

    def scores(self) -> dict[str, float]:
        """`accuracy`, `macro_f1`, `loss` (mean) and `samples`; only the last where there is no sample.

        Of two classes also `auc`, unless all samples are of one.
        """
        count = float(self.confusion.sum())
        if not count:
            return {"samples": 0.0}
        area = None if self.histogram is None else auc(self.histogram)
        return {
            "accuracy": accuracy(self.confusion),
            "macro_f1": macro_f1(self.confusion),
            **({} if area is None else {"auc": area}),
            "loss": float(self.loss) / count,
            "samples": count,
        }


def tally_rows(logits: Tensor, label: Tensor, counted: Tensor) -> dict[str, Tensor]:
    """Per row what `Tally` sums up.

    Args:
        logits: [rows, classes].
        label: int64 [rows].
        counted: bool [rows]; other rows give zeros, whatever their logits are.

    Returns:
        `confusion` float64 [rows, classes * classes] and `loss` float64 [rows]; of two classes also `histogram`, bool
        [rows, 2 * bins].
    """
    classes = logits.shape[1]
    cell = label * classes + logits.argmax(1)
    hit = torch.nn.functional.one_hot(cell, classes * classes).double()
    loss = torch.nn.functional.cross_entropy(logits, label, reduction="none").double()
    found = {
        "confusion": torch.where(counted[:, None], hit, 0.0),
        "loss": torch.where(counted, loss, 0.0),
    }
    return {**found, "histogram": ranked_rows(logits, label, counted)} if classes == 2 else found


def spread(values: list[float], worst: str = "min") -> dict[str, float]:
    """Mean, worst and population standard deviation over clients, each counting once.

    Args:
        values: one a client, at least one.
        worst: "min" where more is better, "max" where less is.
    """
    tensor = torch.tensor(values, dtype=torch.float64)
    return {
        "mean": float(tensor.mean()),
        "worst": min(values) if worst == "min" else max(values),
        "std": float(tensor.std(correction=0)),
    }
