"""No skew: all clients alike."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from counterpoint.data.partitions.cells import Cells, Floats
from counterpoint.data.partitions.part import Part


@dataclass(frozen=True)
class Iid(Part):
    """Every client has the weight 1 in every cell."""

    name: ClassVar[str] = "iid"
    skew: ClassVar[str] = "no skew"

    @property
    def spec(self) -> str:
        """`iid`."""
        return "iid"

    def log_weight(self, cells: Cells, clients: int, seed: int) -> Floats:
        """See `Part.log_weight`."""
        return np.zeros((1, clients))
