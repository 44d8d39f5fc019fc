"""The handle through which the program of a peer sees itself and its neighbours, on every engine."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from counterpoint.exchange.layout import Tensors
from counterpoint.exchange.package import Blocks, Package
from counterpoint.methods.client import Client, Value


class Heard(ABC):
    """What a peer heard in an exchange: its own package and those of neighbours that spoke."""

    @abstractmethod
    def mixed(self, field: str = "weights") -> Tensors:
        """The tensors of a `per_block` field after mixing with neighbours, by name, those that the peer sent.

        w_k <- sum_j P_kj w_j over the neighbours j that own the tensor's block and spoke, and itself, with the
        Metropolis weights of `aggregation.gossip`. A peer that was not active keeps what it had.
        """

    @abstractmethod
    def each(self, names: Sequence[str], field: str = "weights") -> Tensors:
        """Tensors of all that were heard, [places, *shape] by name.

        Place 0 is the peer itself; its neighbours follow by number. There are as many places as the largest
        neighbourhood of the network has; those of nobody, or of one that did not speak or has no such tensor, hold
        zeros, see `there`.
        """

    @property
    @abstractmethod
    def there(self) -> Value:
        """Which places of `each` are taken, bool [places]. Of a peer that was not active, its own alone."""


class Peer(Client):
    """One device of a network without a server, as its program sees it.

    All peers run their program at the same time and wait for each other in `exchange`: what one sends in its n-th
    exchange of a round meets what the others send in their n-th.

    Attributes:
        round: number of the running round, from 1.
        rounds: how many there will be.
    """

    round: int
    rounds: int

    @abstractmethod
    def exchange(self, package: Package, *, active: Value | None = None) -> Heard:
        """Send a package to all neighbours, and hear theirs.

        Args:
            package: what is sent: each neighbour gets it whole.
            active: bool scalar; a peer where it is false neither sends nor hears.
        """

    def mix(self, params: Tensors, *, active: Value | None = None) -> Tensors:
        """Send tensors of the model to all neighbours, and mix them with theirs, see `Heard.mixed`."""
        return self.exchange(Blocks(params), active=active).mixed()

    @abstractmethod
    def size(self, params: Mapping[str, Value]) -> int:
        """Bytes of tensors of the model as they travel, without the envelope."""

    @property
    @abstractmethod
    def device(self) -> Mapping[str, Value]:
        """What the device has and what it costs, float64 scalars, see `simulate.device`.

        `left`: joules in its battery, infinite where it has none. `byte`: joules that sending one byte takes in this
        round. `step.BLOCK`: joules of one step of training in which a block moves; one in which it only looks takes
        `waiting` of that.
        """

    @abstractmethod
    def note(self, measure: str, value: Value) -> None:
        """Record a number of this peer's for this round among the metrics; NaN where it has none."""
