"""What a method is: two small programs, one for the server and one for one client."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.errors import CounterpointError, UserError
from counterpoint.exchange.layout import Tensors
from counterpoint.exchange.package import Package, Weights
from counterpoint.methods.client import Client, Value
from counterpoint.methods.federation import Federation
from counterpoint.methods.options import Optioned
from counterpoint.methods.scoring import Scoring
from counterpoint.methods.settings import TrainSettings
from counterpoint.methods.terms.term import Term
from counterpoint.models.build import Assembly, Network
from counterpoint.models.model import Model
from counterpoint.objectives import cross_entropy


class Method(Optioned, Scoring):
    """Base of all methods.

    A subclass declares its options as annotated class attributes with defaults (`mu: float = 0.01`, or with bounds and
    a text `mu: Annotated[float, Field(ge=0, description="...")] = 0.01`) and writes `round`, the server's program, and
    the local programs that it visits clients with. Both sides have `self.model` and the options. What `start` and
    `round` store in other attributes is the server's state: tensors, numbers, texts, and lists and mappings of them. It
    is saved and restored with the run, and no local program can see it. Attributes whose names begin with an underscore
    are not saved.

    Class attributes:
        name: how the method is asked for; the class name in lower case where not given.
        model_kind: `global` if the server's `weights` are the model that is learned, `personal` if each client keeps
            one of its own, `peer` if there is no server at all.
        needs_labels: whether every client must have labelled training rows.
        needs_pool: whether it trains on the pooled data of all clients, which exists in simulation only.
        needs: what the population must hold: `proxy`, rows that everyone has; `labelled`, rows of the server's own.
        hands_out: of what the server holds (`proxy`, `labelled`), what every client has too, as a split of this name.
        usual_lr: learning rate of local training where nobody says another; that of a loss of several terms is smaller.
        takes_terms: whether its `loss` builds on the one here, so that a run can give it a term, see `methods.terms`.

    Attributes:
        model: the model as a function, the same on both sides.
        weights: the server's tensors of the model, from `start` on.
    """

    model_kind: ClassVar[Literal["global", "personal", "peer"]] = "global"
    needs_labels: ClassVar[bool] = True
    needs_pool: ClassVar[bool] = False
    takes_terms: ClassVar[bool] = True
    needs: ClassVar[frozenset[Literal["proxy", "labelled"]]] = frozenset()
    hands_out: ClassVar[frozenset[Literal["proxy", "labelled"]]] = frozenset({"proxy"})
    usual_lr: ClassVar[float] = 0.1

    weights: Tensors
    _sealed: bool = False
    _term: Term | None = None

    def __setattr__(self, name: str, value: object) -> None:
        if self._sealed and not name.startswith("_"):
            raise CounterpointError(f"a local program stored {name!r} on the method: use client.memory")
        super().__setattr__(name, value)

    def seal(self) -> None:
        """From now on nothing can be stored: the engine seals the copy on which local programs run."""
        self._sealed = True

    @property
    def term(self) -> Term | None:
        """What stands in place of the plain cross-entropy."""
        return self._term

    def take(self, term: Term | None) -> None:
        """Take what stands in place of the plain cross-entropy.

        Raises:
            UserError: the method has an objective of its own.
        """
        if term is not None and not self.takes_terms:
            raise UserError(f"{self.name} has an objective of its own and takes no term: leave out term={term.name}")
        self._term = term

    def assembly(self) -> Assembly | None:
        """What the method makes of encoders, where it needs a network of its own; None where any model will do."""
        return None

    def network(self) -> Network | None:
        """The network of the method's own, where it is not made of encoders that a run chooses; mostly None."""
        return None

    def check(self, settings: TrainSettings) -> None:
        """Raise a `UserError` where the run's training settings do not suit the method."""

    def build(self, model: Model) -> None:
        """Take the run's model, on the server and on every client. Override to add the method's own."""
        self.model = model

    def start(self, fed: Federation) -> None:
        """The server's state before the first round."""
        self.weights = dict(self.model.initial)

    def offer(self) -> Weights:
        """What a client receives for local training, and for evaluation."""
        return Weights(self.weights)

    def others(self) -> Mapping[str, Tensors]:
        """Further models of the server's that are to be scored on the global test, by a name for their measures."""
        return {}

    @property
    def holds_out(self) -> float:
        """Share of every client's training rows that it does not train on, but has as split `held`."""
        return 0.0

    def accept(self, upload: Package) -> None:
        """Raise a `PackageError` for an upload that `round` could not use.

        On the server, after what can be said of any package. It may look at names, shapes and types alone, which many
        uploads have in common; what a package holds, it checks itself (`Package.verify`).
        """

    @abstractmethod
    def round(self, fed: Federation) -> None:
        """One round of the server's program."""

    def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        """The local objective, one value a row: cross-entropy, or what the run's term says."""
        if self._term is None:
            return cross_entropy(self.model(params, batch), batch.label)
        if "term" not in using:
            raise CounterpointError(
                f"{self.name} trains without self.prepared(client, start) in `using`: no term can act"
            )
        return self._term.rows(params, batch, using["term"])

    def prepared(self, client: Client, start: Tensors, over: str = "train") -> dict[str, Value]:
        """What `loss` needs in `using` of whoever trains from here on a split: what the run's term prepares."""
        return {} if self._term is None else {"term": self._term.prepare(client, start, over)}

    def adapted(self, client: Client, received: Weights) -> Tensors:
        """The received model after this client's local training with `loss`."""
        start = client.load(received.weights)
        return client.train(start, self.loss, using={"received": start, **self.prepared(client, start)})
