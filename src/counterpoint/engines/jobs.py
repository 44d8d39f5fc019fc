"""A local program for some clients of one structure: the unit of work of the stacked engine."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, overload

import torch
from torch import Tensor

from counterpoint.engines.plan import evenly
from counterpoint.engines.values import Stack
from counterpoint.errors import CounterpointError
from counterpoint.exchange.many import Many
from counterpoint.exchange.package import Package
from counterpoint.randomness import Key

LOOPED = 8
"""Clients a job where they are computed one after another."""
STACKS = 4
"""Stacks a job, at most: what a job costs beside its steps is shared by them."""
TWO_FROM = 8
"""From so many clients on there are two jobs at least, so that two processes have work."""
Named = dict[tuple[str, str], Any]


@dataclass(frozen=True)
class Job:
    """What is to be done; it can be handed to another process.

    Attributes:
        program: name of the local program.
        clients: for whom; all own the same modalities.
        key: (round, visit), the part of their keys of randomness that all have in common.
        width: how many take their steps together; one after another, if it is 1.
        kind: of the package that they got, and its tensors: stacks for what is not the same for all.
        received: see `kind`.
        memories: what each remembers.
        group: how many clients there are in all jobs of the group.
    """

    program: str
    clients: tuple[int, ...]
    key: tuple[Key, ...]
    width: int
    kind: str
    received: Named
    memories: list[dict[str, Any]]
    group: int


@dataclass
class Done:
    """What came out of a job.

    Attributes:
        results: packages of one form together: their kind, the places of their clients in the job, and their tensors,
            [clients, *shape].
        memories: what each client remembers now.
        seconds: that it took, by what for.
        recorded: how many kinds of step were recorded.
        unstackable: why the clients could not be computed together, if they could not: nothing else is there then.
    """

    results: list[tuple[str, list[int], dict[tuple[str, str], Tensor]]] = field(default_factory=list)
    memories: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    recorded: int = 0
    unstackable: str = ""

    def uploads(self, clients: Sequence[int]) -> Iterator[Many[Package]]:
        """What the clients of the job answered."""
        for kind, places, tensors in self.results:
            yield Many(tuple(clients[place] for place in places), kind_named(kind).of_tensors(tensors))


class Jobs(Sequence[Job]):
    """The jobs of a group, each made when it is first asked for.

    Args:
        make: the job of some clients.
        groups: the clients of each.
    """

    def __init__(self, make: Callable[[Sequence[int]], Job], groups: Sequence[Sequence[int]]) -> None:
        self._make = make
        self._groups = groups
        self._made: dict[int, Job] = {}
        self.clients = sum(map(len, groups))

    def __len__(self) -> int:
        return len(self._groups)

    @overload
    def __getitem__(self, place: int) -> Job: ...

    @overload
    def __getitem__(self, place: slice) -> list[Job]: ...

    def __getitem__(self, place: int | slice) -> Job | list[Job]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        if place >= len(self):
            raise IndexError(place)
        if place not in self._made:
            self._made[place] = self._make(self._groups[place])
        return self._made[place]

    def together(self, width: int) -> int:
        """How many clients take their steps together at most."""
        sizes = [part.stop - part.start for group in self._groups for part in evenly(len(group), width)]
        return max(sizes, default=0)

    def take(self, place: int) -> Job:
        """A job that is done with."""
        return self._made.pop(place)


def cut(clients: Sequence[int], width: int, sizes: Sequence[int]) -> list[list[int]]:
    """Clients in parts of a few stacks each, as equal as can be; in two at least where they are many.

    Clients are dealt out from the largest to the smallest, and back again, so that all parts are about as much work
    and each holds clients of all sizes, which its stacks then sort; neighbours stay together where all are equal.
    It does not depend on how many processes there are, for then results would.

    Args:
        clients: of a group, in ascending order.
        width: of a stack.
        sizes: rows of each of them.
    """
    most = width * STACKS if width > 1 else LOOPED
    parts = max(-(-len(clients) // most), 2 if len(clients) >= TWO_FROM else 1)
    if len(set(sizes)) < 2:
        bounds = [len(clients) * part // parts for part in range(parts + 1)]
        return [list(clients[a:b]) for a, b in pairwise(bounds)]
    dealt: list[list[int]] = [[] for _ in range(parts)]
    falling = sorted(zip(sizes, clients, strict=True), key=lambda pair: -pair[0])
    for place, (_, client) in enumerate(falling):
        lap, seat = divmod(place, parts)
        dealt[parts - 1 - seat if lap % 2 else seat].append(client)
    return [sorted(part) for part in dealt]


def name_of_kind(kind: type[Package]) -> str:
    """A name for a class of packages that another process, a fork of this one, finds it by."""
    return f"{kind.__module__}:{kind.__qualname__}:{id(kind)}"


def kind_named(name: str) -> type[Package]:
    """The class of packages that `name_of_kind` named."""
    wanted = int(name.rpartition(":")[2])
    for kind in _all_kinds(Package):
        if id(kind) == wanted:
            return kind
    raise CounterpointError(f"the package {name.rpartition(':')[0]} was defined after the workers were started")


def _all_kinds(base: type[Package]) -> Iterator[type[Package]]:
    yield base
    for kind in base.__subclasses__():
        yield from _all_kinds(kind)


def of_stack(result: Package, clients: int) -> list[tuple[str, list[int], dict[tuple[str, str], Tensor]]]:
    """The packages of a stack's clients, together; what is the same for all becomes each one's own."""
    tensors = {
        key: value.each if isinstance(value, Stack) else value.expand(clients, *value.shape).clone()
        for key, value in result.tensors().items()
    }
    return [(name_of_kind(type(result)), list(range(clients)), tensors)]


def of_each(results: Sequence[Package]) -> list[tuple[str, list[int], dict[tuple[str, str], Tensor]]]:
    """The packages of clients that were computed one after another, those of one form together."""
    alike: dict[Any, list[int]] = {}
    for place, result in enumerate(results):
        alike.setdefault(form(result), []).append(place)
    return [
        (name_of_kind(kind), places, _stacked([results[place].tensors() for place in places]))
        for (kind, _), places in alike.items()
    ]


def _stacked(packages: Sequence[Mapping[tuple[str, str], Tensor]]) -> dict[tuple[str, str], Tensor]:
    return {key: torch.stack([package[key] for package in packages]) for key in packages[0]}


def form(package: Package) -> tuple[type[Package], tuple[Any, ...]]:
    """Kind, names, shapes and types of what a package holds."""
    return type(package), tuple((key, v.shape, v.dtype) for key, v in package.tensors().items())
