"""The handle through which the server's program sees the federation, on every engine."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

import torch

from counterpoint.exchange.many import Many
from counterpoint.exchange.package import Package
from counterpoint.methods.client import Client
from counterpoint.methods.peer import Peer

Down = TypeVar("Down", bound=Package)
Up = TypeVar("Up", bound=Package)


class Federation(ABC):
    """All clients, as the server's program sees them.

    Attributes:
        clients: ids of all clients, in order.
        round: number of the running round, from 1; 0 before the first.
        rounds: how many there will be.
        server: what the server itself holds, with the same `train` and `fold` as a client.
    """

    clients: Sequence[int]
    round: int
    rounds: int
    server: Client

    @abstractmethod
    def sample(self) -> list[int]:
        """The clients that take part in this round: the run's share of all, drawn without replacement; at least one."""

    @abstractmethod
    def visit(
        self,
        clients: Sequence[int],
        program: Callable[[Client, Down], Up],
        package: Down | Mapping[int, Down],
    ) -> list[Up]:
        """Ask clients to run a local program with a package.

        Args:
            clients: whom to ask.
            program: a method of the running `Method`, named so that a remote site can find it. It runs on a copy that
                has the options and the model, and none of the server's state.
            package: one for all, or one a client. Of a `per_block` or `per_modality` field each client gets its share.

        Returns:
            What came back, sorted by client. Refused packages are left out (and counted).
        """

    @abstractmethod
    def stream(
        self,
        clients: Sequence[int],
        program: Callable[[Client, Down], Up],
        package: Down | Mapping[int, Down],
    ) -> Iterator[Many[Up]]:
        """As `visit`, but uploads come some at a time, as soon as they are there, so that the server never holds all.

        They come in an order that is always the same, though not sorted by client. Clients are visited as the iterator
        is walked: walk it to its end, as `block_average(self.weights, fed.stream(...))` does.
        """

    @abstractmethod
    def gossip(self, program: Callable[[Peer], None]) -> None:
        """Let all clients run the program of a peer, in a network without a server.

        Args:
            program: a method of the running `Method`; it runs on a copy that has the options and the model alone.
        """

    @abstractmethod
    def owners(self, block: str) -> int:
        """How many clients own a block."""

    @abstractmethod
    def rng(self, purpose: str) -> torch.Generator:
        """The server's randomness, keyed by (seed, round, purpose)."""

    @abstractmethod
    def note(self, measure: str, value: float, scope: str = "server") -> None:
        """Record a number of the method's own for this round among the metrics."""
