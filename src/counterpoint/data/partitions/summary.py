"""What a partition tells of itself: plain values for the run folder and the report."""

from collections.abc import Sequence

import numpy as np

from counterpoint.data.partitions.share import Share, Summary
from counterpoint.data.population import Dataset


def spread(values: Sequence[float]) -> dict[str, float]:
    """The smallest, the median and the largest of some numbers; the median of an even number is the mean of two."""
    ordered = sorted(values)
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    middle = int(middle) if middle.is_integer() else round(middle, 3)
    return {"smallest": ordered[0], "median": middle, "largest": ordered[-1]}


def sizes(shares: Sequence[Share]) -> Summary:
    """How many rows clients have."""
    return {
        "training rows a client": spread([len(share.train) for share in shares]),
        "test rows a client": spread([len(share.test) for share in shares]),
    }


def tested(dataset: Dataset, shares: Sequence[Share]) -> Summary:
    """How many natural units became test units, for tests that were drawn out of the training rows."""
    unit = dataset.samples.unit.numpy()
    train, test = (
        np.unique(unit[np.concatenate([getattr(share, split).numpy() for share in shares])])
        for split in ("train", "test")
    )
    return {"units drawn for tests": {"drawn": len(test), "of": len(train) + len(test)}}
