"""Topologies by name: `ring`, `geometric:80`, `varying:erdos-renyi:0.3`."""

from abc import ABC, abstractmethod
from math import isfinite
from typing import ClassVar

from counterpoint.errors import UserError, unknown
from counterpoint.simulate.graph import Graph

VARYING = "varying"
FIRST = 1
"""The round that a graph is drawn for which stays the same."""


class Topology(ABC):
    """A rule by which peers are joined.

    Class attributes:
        name: how it is asked for.
        form: how it is written, with its numbers.
        what: a line for people.
        draws: whether chance decides, so that it can be drawn anew in each round.
    """

    name: ClassVar[str]
    form: ClassVar[str]
    what: ClassVar[str]
    draws: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def read(cls, text: str) -> "Topology":
        """The topology that its numbers, the text after the colon, describe.

        Raises:
            UserError: they are wrong.
        """

    def graph(self, peers: int, *, seed: int, round: int) -> Graph:
        """Who talks to whom in a round, the same for every party; in every round, unless it varies.

        Raises:
            UserError: there is none of so many peers.
        """
        return self.drawn(peers, seed=seed, round=FIRST)

    @abstractmethod
    def drawn(self, peers: int, *, seed: int, round: int) -> Graph:
        """The graph that is drawn for a round; for the first one, all are connected.

        Raises:
            UserError: there is none of so many peers.
        """


class Varying(Topology):
    """Another topology, drawn anew in each round; it need not be connected in every one of them."""

    name = VARYING
    form = "varying:KIND"
    what = "a topology that chance decides, drawn anew each round"

    def __init__(self, inner: Topology) -> None:
        self._inner = inner

    @classmethod
    def read(cls, text: str) -> "Varying":
        """Of a topology that chance decides."""
        inner = parse_topology(text)
        if not inner.draws:
            known = ", ".join(kind.form for kind in kinds().values() if kind.draws)
            raise UserError(f"topology 'varying:{text}' would not vary: chance decides only {known}")
        return cls(inner)

    def graph(self, peers: int, *, seed: int, round: int) -> Graph:
        """Of this round."""
        return self.drawn(peers, seed=seed, round=round)

    def drawn(self, peers: int, *, seed: int, round: int) -> Graph:
        """Of this round."""
        return self._inner.drawn(peers, seed=seed, round=round)


def kinds() -> dict[str, type[Topology]]:
    """All topologies by name."""
    from counterpoint.simulate.topologies import KINDS

    every: tuple[type[Topology], ...] = (*KINDS, Varying)
    return {kind.name: kind for kind in every}


def parse_topology(text: str) -> Topology:
    """The topology that a text names.

    Raises:
        UserError: there is none of this name, or its numbers are wrong.
    """
    name, _, rest = text.strip().partition(":")
    known = kinds()
    if name not in known:
        raise unknown("topology", name, known)
    return known[name].read(rest.strip())


def plain(kind: type[Topology], text: str) -> None:
    """Refuse numbers of a topology that has none.

    Raises:
        UserError: there are some.
    """
    if text:
        raise UserError(f"topology {kind.name!r} has no numbers: leave out {text!r}")


def numbers_of(kind: type[Topology], text: str, count: int) -> list[float]:
    """The numbers of a topology.

    Raises:
        UserError: they are not so many, no numbers, or not finite.
    """
    try:
        found = [float(part) for part in text.split(",")] if text else []
    except ValueError:
        found = []
    if len(found) != count or not all(isfinite(number) for number in found):
        raise UserError(f"topology '{kind.name}:{text}' is not understood: write {kind.form}")
    return found
