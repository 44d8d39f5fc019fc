"""What a term is: a supervised objective that any method can take in place of the plain cross-entropy."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.client import Client, Value
from counterpoint.methods.options import Optioned
from counterpoint.models.model import Model


class Term(Optioned, ABC):
    """Base of all terms.

    A subclass declares its options as a method does and writes `rows`. A run takes one with `--set term=NAME` and its
    options with `--set term.KEY=VALUE`; `Method.loss` is then what `rows` says, and all that a method adds to it
    (FedProx's pull, Scaffold's correction) stays as it is. Nothing of a term travels.

    Class attributes:
        name: how the term is asked for; the class name in lower case where not given.
        draws: whether `rows` draws random numbers, see `models.stacking.drawn.uniform`.

    Attributes:
        model: of the run, from `build` on.
    """

    draws: ClassVar[bool] = False

    def build(self, model: Model) -> None:
        """Take the run's model; from now on nothing of the term changes. Override to refuse one with a `UserError`."""
        self.model = model
        self._sealed = True

    def prepare(self, client: Client, params: Tensors, over: str) -> Mapping[str, Value]:
        """What a client computes before it trains from `params` on a split: `rows` gets it as `prepared`."""
        return {}

    @abstractmethod
    def rows(self, params: Tensors, batch: Batch, prepared: Mapping[str, Any]) -> Tensor:
        """The objective, one value a row. Pure."""
