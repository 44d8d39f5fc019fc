"""The stacked engine: clients of one structure take their local steps together."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

import torch

from counterpoint.engines.gather import CommonRows, Gathered, OwnRows, Pool
from counterpoint.engines.many import ManyClients
from counterpoint.engines.memory import ClientMemory
from counterpoint.engines.sequential import Sequential
from counterpoint.engines.values import Stack, gathered
from counterpoint.errors import PackageError
from counterpoint.exchange import encode
from counterpoint.exchange.package import Package

LOG = logging.getLogger("counterpoint")
Structure = tuple[str, ...]
BYTES_AT_ONCE = 2**28
"""About how many bytes of parameters, gradients, optimiser state and batches one stack may take."""
COPIES = 6
"""Parameters, start, gradients, state: how often a stack holds what a client has, at most."""


class Stacked(Sequential):
    """Runs local programs for stacks of clients that own the same modalities.

    A structure whose model has a layer that cannot be batched over clients runs one client at a time, which is said
    once in the log.
    """

    name: ClassVar[str] = "stacked"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._members: dict[Structure, list[int]] = {}
        for client, modalities in self._modalities.items():
            self._members.setdefault(modalities, []).append(client)
        self._pools: dict[tuple[Structure, str], Pool] = {}
        if self.model.unstackable:
            LOG.info("clients run one at a time: %s cannot be stacked", ", ".join(self.model.unstackable))
        else:
            _ = self.model.for_stacks

    def _visit(
        self, program: str, clients: Sequence[int], packages: Mapping[int, Package], occasion: str
    ) -> Iterator[Package | None]:
        if self.model.unstackable:
            yield from super()._visit(program, clients, packages, occasion)
            return
        for group in self._groups(clients, packages):
            memories = [ClientMemory(dict(self._memory(client).values)) for client in group]
            result = self._run_many(program, group, self._deliver_many(group, packages), memories, occasion)
            for client, memory in zip(group, memories, strict=True):
                self._memory(client).values = memory.values
            yield from self._collect_many(group, result)

    def _ask(
        self, program: str, clients: Sequence[int], package: Package, occasion: str
    ) -> Iterator[tuple[int, Package]]:
        if self.model.unstackable:
            yield from super()._ask(program, clients, package, occasion)
            return
        for group in self._groups(clients, dict.fromkeys(clients, package)):
            memories = [ClientMemory(dict(self._memory(client).values)) for client in group]
            received = self._wire.addressed(package, self._modalities[group[0]])
            result = self._run_many(program, group, received, memories, occasion)
            yield from zip(group, _shares(result, len(group)), strict=True)

    def _groups(self, clients: Sequence[int], packages: Mapping[int, Package]) -> Iterator[list[int]]:
        """Clients of one structure whose packages have one form, as many at once as the bound on memory allows."""
        asked = set(clients)
        forms = {id(package): _form(package) for package in packages.values()}
        for structure, members in self._members.items():
            size = self._at_once(structure)
            alike: dict[Any, list[int]] = {}
            for client in members:
                if client in asked:
                    alike.setdefault(forms[id(packages[client])], []).append(client)
            for here in alike.values():
                yield from (here[i : i + size] for i in range(0, len(here), size))

    def _at_once(self, structure: Structure) -> int:
        layout = self.model.layout
        own = sum(self.model.initial[n].numel() * layout[n].dtype.itemsize for n in layout.owned(structure))
        row = sum(torch.Size(self.population.modalities[m].shape).numel() for m in structure) * 4
        return max(1, BYTES_AT_ONCE // (COPIES * own + self.settings.batch_size * row * 40))

    def _pool_of(self, structure: Structure, split: str) -> Pool:
        if (structure, split) not in self._pools:
            self._pools[structure, split] = Pool([self._splits[c][split]() for c in self._members[structure]])
        return self._pools[structure, split]

    def _run_many(
        self, program: str, group: Sequence[int], received: Package, memories: Sequence[ClientMemory], occasion: str
    ) -> Package:
        structure = self._modalities[group[0]]
        places = [self._members[structure].index(client) for client in group]

        def own(split: str) -> Callable[[], Gathered]:
            return cache(lambda: OwnRows(self._pool_of(structure, split), places))

        splits: dict[str, Callable[[], Gathered]] = {
            "train": own("train"),
            "test": own("test"),
            "global_test": lambda: CommonRows(self._global_test().only(structure), len(group)),
        }
        handle = ManyClients(
            splits,
            model=self.model,
            modalities=structure,
            settings=self.settings,
            memories=memories,
            seed=self.seed,
            keys=[("client", client, "round", self.round, occasion) for client in group],
        )
        result: Package = getattr(self._away, program)(handle, received)
        return result

    def _deliver_many(self, group: Sequence[int], packages: Mapping[int, Package]) -> Package:
        """What a group receives: one package, if all are told the same, decoded once; else each its own."""
        first = packages[group[0]]
        if any(packages[client] is not first for client in group):
            arrived = [self._deliver(client, packages[client]).tensors() for client in group]
            return type(first).of_tensors(gathered(arrived))
        package, by_block = self._wire.down(first, self._modalities[group[0]])
        for client in group:
            self.log.count("down", client, by_block)
        return package

    def _collect_many(self, group: Sequence[int], result: Package) -> Iterator[Package | None]:
        """Uploads of a group. All have one form, so one is encoded and checked for all; values are checked of each."""
        finite = _finite(result, len(group))
        form: dict[str, int] | None = None
        travelling = self._wire.travelling(result)
        for client, own, good in zip(group, _shares(travelling, len(group)), finite, strict=True):
            if form is None or not good or not _verified(own):
                upload = self._collect(client, own)
                if upload is not None:
                    form = self._wire.size(upload, encode(upload))
                yield upload
                continue
            self.log.count("up", client, form)
            yield own.sent_by(client)


def _form(package: Package) -> Any:
    """Names, shapes and types of what a package holds."""
    return type(package), tuple((key, v.shape, v.dtype) for key, v in package.tensors().items())


def _shares(result: Package, clients: int) -> Iterator[Package]:
    """The packages of the clients of a stack, one after another."""
    tensors = result.tensors()
    each = [v.each if isinstance(v, Stack) else v.expand(clients, *v.shape).clone() for v in tensors.values()]
    for own in zip(*(value.unbind(0) for value in each), strict=True) if each else [()] * clients:
        yield type(result).of_tensors(dict(zip(tensors, own, strict=True)))


def _verified(upload: Package) -> bool:
    try:
        upload.verify()
    except PackageError:
        return False
    return True


def _finite(result: Package, clients: int) -> list[bool]:
    """For each client of a stack whether all that it sends is finite."""
    good = torch.ones(clients, dtype=torch.bool)
    for value in result.tensors().values():
        each = value.each if isinstance(value, Stack) else value
        if each.is_complex() or (each.is_floating_point() and each.dtype.itemsize == 1):
            return [False] * clients  # `check` knows how to look at these, one package at a time
        if each.is_floating_point():
            if bool(torch.isfinite(each.sum())):  # one pass; a sum that overflows is looked at more closely
                continue
            fine = torch.isfinite(each)
            good &= (fine[:, None].flatten(1).all(1) if isinstance(value, Stack) else fine.all()).cpu()
    found: list[bool] = good.tolist()
    return found
