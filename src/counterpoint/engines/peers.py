"""The handles of peers: of one, and of many of one structure at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from counterpoint.engines.exchanged import Exchanged, Spoken
from counterpoint.engines.handle import OneClient
from counterpoint.engines.ledger import Ledger
from counterpoint.engines.limits import block_of
from counterpoint.engines.many import ManyClients
from counterpoint.engines.values import Stack
from counterpoint.exchange.layout import Layout, Tensors
from counterpoint.exchange.many import Many
from counterpoint.exchange.package import Package
from counterpoint.methods.client import Value
from counterpoint.methods.peer import Heard, Peer

Speak = Callable[[Spoken], Exchanged]


class HeardByMany(Heard):
    """What many peers of one structure heard."""

    def __init__(self, found: Exchanged, peers: Tensor, package: Package) -> None:
        self._found = found
        self._peers = peers
        self._package = package

    def mixed(self, field: str = "weights") -> Tensors:
        """Mixed with their neighbours'."""
        names = getattr(self._package, field)
        return {name: Stack(self._found.mixed((field, name), self._peers)) for name in names}  # type: ignore[misc]

    def each(self, names: Sequence[str], field: str = "weights") -> Tensors:
        """Of everyone heard."""
        return {name: Stack(self._found.each((field, name), self._peers)) for name in names}  # type: ignore[misc]

    @property
    def there(self) -> Value:
        """Who was heard."""
        return Stack(self._found.heard(self._peers)[1])


class HeardByOne(Heard):
    """What one peer heard."""

    def __init__(self, found: Exchanged, peer: int, package: Package) -> None:
        self._found = found
        self._peer = torch.tensor([peer])
        self._package = package

    def mixed(self, field: str = "weights") -> Tensors:
        """Mixed with its neighbours'."""
        return {name: self._found.mixed((field, name), self._peer)[0] for name in getattr(self._package, field)}

    def each(self, names: Sequence[str], field: str = "weights") -> Tensors:
        """Of everyone heard."""
        return {name: self._found.each((field, name), self._peer)[0] for name in names}

    @property
    def there(self) -> Value:
        """Who was heard."""
        return self._found.heard(self._peer)[1][0]


@dataclass(frozen=True)
class Around:
    """What is around a peer of a simulated network, the same for all.

    Attributes:
        speak: says something to the meeting of all peers, and returns what came of it.
        ledger: of joules and seconds.
        round: the running one.
        rounds: of the run.
        note: takes a number of a client's.
    """

    speak: Speak
    ledger: Ledger
    round: int
    rounds: int
    note: Callable[[str, int, float], None]


class OnePeer(OneClient, Peer):
    """One peer of a simulated network, whose values are ordinary tensors.

    Args:
        peer: its number in the network.
        client: its id.
        around: what is around it.
        kwargs: as `OneClient` takes them.
    """

    def __init__(self, *args: Any, peer: int, client: int, around: Around, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.round, self.rounds = around.round, around.rounds
        self._peer = peer
        self._client = client
        self._around = around

    def exchange(self, package: Package, *, active: Value | None = None) -> Heard:
        """Send, and hear."""
        said = package.sent_by(self._client)
        speaks = torch.ones(1, dtype=torch.bool) if active is None else torch.as_tensor(active).reshape(1).cpu()
        return HeardByOne(self._around.speak(Spoken(Many.of_one(said), speaks)), self._peer, package)

    def size(self, params: Mapping[str, Value]) -> int:
        """Bytes of tensors of the model."""
        return bytes_of(self._model.layout, params)

    @property
    def device(self) -> Mapping[str, Value]:
        """What it has and costs."""
        return {name: value[self._peer] for name, value in self._around.ledger.costs().items()}

    def note(self, measure: str, value: Value) -> None:
        """Record a number."""
        self._around.note(measure, self._client, float(value))

    def _took(self, limits: Mapping[str, int]) -> None:
        steps = {name: torch.tensor([count]) for name, count in limits.items()}
        self._around.ledger.trained(torch.tensor([self._peer]), by_block(self._model.layout, steps))


class ManyPeers(ManyClients, Peer):
    """Peers of one structure at once; a value of theirs is a `Stack`.

    Args:
        peers: their numbers in the network, int64 [peers].
        clients: their ids.
        around: what is around them.
        kwargs: as `ManyClients` takes them.
    """

    def __init__(self, *args: Any, peers: Tensor, clients: Sequence[int], around: Around, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.round, self.rounds = around.round, around.rounds
        self._peers = peers
        self._clients = tuple(clients)
        self._around = around

    def exchange(self, package: Package, *, active: Value | None = None) -> Heard:
        """Send, and hear."""
        tensors = {key: self._of_each(value) for key, value in package.tensors().items()}
        said = Many(self._clients, type(package).of_tensors(tensors))
        speaks = self._of_each(torch.tensor(True) if active is None else active).cpu()
        return HeardByMany(self._around.speak(Spoken(said, speaks)), self._peers, package)

    def _of_each(self, value: Any) -> Tensor:
        """A value of each of them, [peers, *shape]."""
        found: Tensor = value.each if isinstance(value, Stack) else value.expand(len(self._clients), *value.shape)
        return found

    def size(self, params: Mapping[str, Value]) -> int:
        """Bytes of tensors of the model."""
        return bytes_of(self._model.layout, params)

    @property
    def device(self) -> Mapping[str, Value]:
        """What they have and cost."""
        return {name: Stack(value[self._peers]) for name, value in self._around.ledger.costs().items()}

    def note(self, measure: str, value: Value) -> None:
        """Record a number of each."""
        every = self._of_each(value if isinstance(value, Stack) else torch.as_tensor(value))
        for client, own in zip(self._clients, every.tolist(), strict=True):
            self._around.note(measure, client, own)

    def _took(self, limits: Mapping[str, Tensor]) -> None:
        self._around.ledger.trained(self._peers, by_block(self._model.layout, limits))


def bytes_of(layout: Layout, names: Mapping[str, Any]) -> int:
    """Bytes of tensors of the model."""
    return sum(torch.Size(layout[n].shape).numel() * layout[n].dtype.itemsize for n in names)


def by_block(layout: Layout, limits: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Steps of each block: those of the tensor of it that takes most."""
    found: dict[str, Tensor] = {}
    for name, steps in limits.items():
        block = block_of(name, layout)
        found[block] = torch.maximum(found[block], steps) if block in found else steps
    return found
