"""Quantity skew: clients of different sizes."""

from dataclasses import dataclass
from typing import ClassVar

from counterpoint.data.partitions.cells import Cells, Floats
from counterpoint.data.partitions.part import Part, log_gamma, number


@dataclass(frozen=True)
class Quantity(Part):
    """The clients' shares of all rows are drawn: q ~ Dirichlet(alpha, ..., alpha). The weight at client k is q[k].

    Alone, it gives client k q[k] of every class. Small alpha: a few clients have most rows. Large alpha: all have as
    many.

    Attributes:
        alpha: above 0.
    """

    alpha: float

    name: ClassVar[str] = "quantity"
    skew: ClassVar[str] = "quantity skew"

    @property
    def spec(self) -> str:
        """`quantity:ALPHA`."""
        return f"quantity:{number(self.alpha)}"

    def log_weight(self, cells: Cells, clients: int, seed: int) -> Floats:
        """See `Part.log_weight`."""
        return log_gamma(self.alpha, (1, clients), seed, self.name)
