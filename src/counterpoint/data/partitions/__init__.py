"""Ways to deal a data set to clients. A partition is named by a short text: `natural` or `dirichlet:ALPHA`."""

import math

from counterpoint.data.partitions.dirichlet import Dirichlet
from counterpoint.data.partitions.natural import Natural
from counterpoint.data.partitions.share import LEAST_TEST, LEAST_TRAIN, Partition, Share
from counterpoint.errors import UserError, unknown

__all__ = ["LEAST_TEST", "LEAST_TRAIN", "Dirichlet", "Natural", "Partition", "Share", "parse"]

NAMES = ("dirichlet", "natural")


def parse(spec: str) -> Partition:
    """Read the text that names a partition; looks at no data.

    Args:
        spec: `natural`, or `dirichlet:ALPHA` with a number above 0, for example `dirichlet:0.5`.

    Raises:
        UserError: there is no such partition, or ALPHA is wrong.
    """
    name, colon, argument = spec.partition(":")
    if name not in NAMES:
        raise unknown("partition", name, NAMES)
    if name == "natural":
        if colon:
            raise UserError(f"partition {spec!r}: natural takes nothing after it; write natural.")
        return Natural()
    try:
        alpha = float(argument)
    except ValueError:
        alpha = math.nan
    if not 0 < alpha < math.inf:
        raise UserError(f"partition {spec!r}: write dirichlet:ALPHA with a number above 0, for example dirichlet:0.5.")
    return Dirichlet(alpha)
