"""Packages of many clients at once, through their bytes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from counterpoint.engines.jobs import form
from counterpoint.engines.sequential import Sequential
from counterpoint.engines.values import gathered
from counterpoint.errors import PackageError
from counterpoint.exchange.many import Many, finite, verified
from counterpoint.exchange.package import Package

Structure = tuple[str, ...]
"""The modalities that a client owns."""


class Bulk(Sequential):
    """Delivers to and collects from clients of one structure together.

    Packages of one form have the same length and fit, or do not fit, alike: one of each form is encoded, decoded and
    checked for all, and what the others hold is looked at without that.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._arrived: dict[tuple[int, Structure], tuple[Package, dict[str, int]]] = {}
        self._sizes: dict[Any, dict[str, int]] = {}
        self._down_sizes: dict[Any, dict[str, int]] = {}

    def _deliver_many(self, group: Sequence[int], packages: Mapping[int, Package], count: bool) -> Package:
        """What a group receives: one package, if all are told the same, encoded and decoded once; else each its own."""
        structure, first = self._now.get(group[0], self._modalities[group[0]]), packages[group[0]]
        if not count:
            return self._wire.addressed(first, structure)
        if any(packages[client] is not first for client in group):
            arrived = [self._deliver(client, packages[client]).tensors() for client in group]
            return type(first).of_tensors(gathered(arrived))
        if (id(first), structure) not in self._arrived:
            self._arrived[id(first), structure] = self._down(first, structure)
        package, by_block = self._arrived[id(first), structure]
        for client in group:
            self.log.count("down", client, by_block)
        return package

    def _down(self, package: Package, structure: Structure) -> tuple[Package, dict[str, int]]:
        """A package as clients of a structure get it, and its bytes by block. One of a form goes through its bytes."""
        known = (structure, form(package))
        if known not in self._down_sizes:
            arrived, self._down_sizes[known] = self._wire.down(package, structure)
            return arrived, self._down_sizes[known]
        return self._wire.received(package, structure), self._down_sizes[known]

    def _collect_many(self, structure: Structure, sent: Many[Package]) -> Iterator[tuple[int, Many[Package] | None]]:
        """Uploads of one form: one is encoded, decoded and checked for all; what they hold is looked at in each."""
        uploads = Many(sent.clients, self._wire.travelling(sent.together))
        arrived = Many(sent.clients, self._wire.opened(uploads.together))
        good = [complaint is None and fine for complaint, fine in zip(verified(arrived), finite(arrived), strict=True)]
        by_block = self._form_of(structure, uploads, good)
        if by_block is None:
            for client, upload in zip(uploads.clients, uploads.each(), strict=True):
                one = self._collect(client, upload)
                yield 1, None if one is None else Many.of_one(one)
            return
        for client, fine, upload in zip(uploads.clients, good, () if all(good) else uploads.each(), strict=False):
            if not fine:
                one = self._collect(client, upload)
                yield 1, None if one is None else Many.of_one(one)
        kept = arrived if all(good) else arrived.rows([place for place, fine in enumerate(good) if fine])
        for client in kept.clients:
            self.log.count("up", client, by_block)
        if len(kept):
            yield len(kept), kept

    def _arrived_of(self, sent: Many[Package]) -> Iterator[Many[Package]]:
        """What neighbours get of packages of one form."""
        for _, uploads in self._collect_many(self._now[sent.clients[0]], sent):
            if uploads is not None:
                yield uploads

    def _form_of(self, structure: Structure, uploads: Many[Package], good: Sequence[bool]) -> dict[str, int] | None:
        """The bytes by block of uploads of a form that is right; None for one that is wrong, or where none is good."""
        kind, entries = form(uploads.together)
        known = (structure, kind, tuple((key, shape[1:], dtype) for key, shape, dtype in entries))
        if known not in self._sizes and any(good):
            (one,) = uploads.rows([list(good).index(True)]).each()
            data = self._wire.seal(one)
            try:
                opened = self._wire.open(data, kind, structure)
                self.method.accept(opened)
                self._sizes[known] = self._wire.size(opened, data)
            except PackageError:
                return None
        return self._sizes.get(known)
