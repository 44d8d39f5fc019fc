"""Label skew: clients that see the classes in different proportions."""

from dataclasses import dataclass
from typing import ClassVar

from counterpoint.data.partitions.cells import Cells, Floats
from counterpoint.data.partitions.part import Part, log_gamma, number


@dataclass(frozen=True)
class Dirichlet(Part):
    """For each class c, proportions over the clients are drawn: p[c] ~ Dirichlet(alpha, ..., alpha).

    The weight of a cell of class c at client k is p[c, k]. Small alpha: few classes a client. Large alpha: all clients
    alike. Alone, it rounds by largest remainders only, and a client that would have too few rows gets more of the class
    of which it should have most.

    Attributes:
        alpha: above 0.
    """

    alpha: float

    name: ClassVar[str] = "dirichlet"
    skew: ClassVar[str] = "label skew"
    by_label: ClassVar[bool] = True
    by_chance: ClassVar[bool] = False
    feeds_evenly: ClassVar[bool] = False

    @property
    def spec(self) -> str:
        """`dirichlet:ALPHA`."""
        return f"dirichlet:{number(self.alpha)}"

    def log_weight(self, cells: Cells, clients: int, seed: int) -> Floats:
        """See `Part.log_weight`; the same for a class whatever other classes have rows."""
        classes = len(cells.dataset.task.classes)
        return log_gamma(self.alpha, (classes, clients), seed, self.name)[cells.label]
