"""Classification by the texts that describe classes, without a label."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from counterpoint.evaluate.scores import Tally, tally_rows


def class_embeddings(texts: Tensor) -> Tensor:
    """One embedding a class out of those of its texts: the normalised mean of normalised embeddings.

    Each template counts as much as any other, however long its embedding is.

    Args:
        texts: [classes, templates, width], of the class's name in each template.

    Returns:
        [classes, width], of length 1.
    """
    return normalize(normalize(texts, dim=2).mean(1), dim=1)


def zero_shot_logits(embeddings: Tensor, classes: Tensor, temperature: float) -> Tensor:
    """Cosine of each row with each class, over the temperature of the contrast.

    Args:
        embeddings: [rows, width].
        classes: of `class_embeddings`.
        temperature: what similarities were divided by in training; the class that is predicted does not depend on it,
            the loss does.

    Returns:
        [rows, classes].
    """
    return normalize(embeddings, dim=1) @ classes.T / temperature


def zero_shot(embeddings: Tensor, classes: Tensor, label: Tensor, temperature: float) -> dict[str, float]:
    """Accuracy, macro-F1 and what else `Tally.scores` has, of the class whose embedding is nearest.

    Args:
        embeddings: [rows, width].
        classes: of `class_embeddings`.
        label: int64 [rows].
        temperature: as in `zero_shot_logits`.
    """
    logits = zero_shot_logits(embeddings, classes, temperature)
    rows = tally_rows(logits, label, torch.ones_like(label, dtype=torch.bool))
    histogram = rows["histogram"].sum(0).reshape(2, -1) if "histogram" in rows else None
    return Tally(rows["confusion"].sum(0).reshape(len(classes), -1), rows["loss"].sum(), histogram).scores()
