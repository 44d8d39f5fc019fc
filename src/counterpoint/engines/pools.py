"""The rows of clients of one structure, in one piece."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from counterpoint.data.population import ClientData
from counterpoint.data.samples import Samples
from counterpoint.engines.bulk import Structure
from counterpoint.engines.gather import CommonRows, Gathered, OwnRows, Pool
from counterpoint.engines.sequential import held_by

OWN = ("train", "test", "inputs", "held")
"""Splits of which each client has rows of its own."""


class Pools:
    """Where stacks find their rows; each split of a structure is put together when it is first asked for.

    Args:
        clients: by id.
        members: clients by structure.
        global_test: the common test.
        device: where tensors live.
    """

    def __init__(
        self,
        clients: Mapping[int, ClientData],
        members: Mapping[Structure, Sequence[int]],
        global_test: Callable[[], Samples],
        device: str,
    ) -> None:
        self._clients = clients
        self._members = members
        self._global_test = global_test
        self._device = device
        self._place = {c: place for each in members.values() for place, c in enumerate(each)}
        self._pools: dict[tuple[Structure, str], Pool] = {}

    def of(self, structure: Structure, split: str) -> Pool:
        """The rows of all clients of a structure."""
        if (structure, split) not in self._pools:
            members = [self._clients[client] for client in self._members[structure]]
            parts = [held_by(client) if split == "held" else getattr(client, split) for client in members]
            self._pools[structure, split] = Pool(parts, self._device)
        return self._pools[structure, split]

    def splits(
        self, structure: Structure, clients: Sequence[int], common: Mapping[str, Callable[[], Samples]]
    ) -> dict[str, Callable[[], Gathered]]:
        """The rows of some clients of a structure, by split.

        Args:
            structure: which.
            clients: of it.
            common: splits that all of them have whole.
        """
        places = [self._place[client] for client in clients]

        def own(split: str) -> Callable[[], Gathered]:
            return cache(lambda: OwnRows(self.of(structure, split), places))

        def same(rows: Callable[[], Samples]) -> Callable[[], Gathered]:
            return lambda: CommonRows(rows(), len(places))

        everyone = {"global_test": lambda: self._global_test().only(structure), **common}
        return {split: own(split) for split in OWN} | {name: same(rows) for name, rows in everyone.items()}
