"""The sequential engine: one client after another, in plain autograd. It defines what is right."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, ClassVar

import torch

from counterpoint.data.population import ClientData
from counterpoint.data.samples import Samples, concatenate
from counterpoint.engines.engine import Engine
from counterpoint.engines.handle import OneClient
from counterpoint.engines.memory import ClientMemory, copied
from counterpoint.exchange.many import Many
from counterpoint.exchange.package import Package, address
from counterpoint.randomness import Key

SERVER = "server"


class Sequential(Engine):
    """Runs local programs one client at a time."""

    name: ClassVar[str] = "sequential"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._memories: dict[int | str, ClientMemory] = {}
        self._held = {client.id: client for client in self.population.clients}
        self._global_test = cache(lambda: self.population.test.to(self.device))
        self._pool = cache(lambda: self._pooled("train"))
        self._pooled_inputs = cache(lambda: self._pooled("inputs"))
        held = {"proxy": self.population.proxy, "labelled": self.population.server}
        self._held_by_server = {n: cache(partial(rows.to, self.device)) for n, rows in held.items() if rows is not None}
        self._splits = {client.id: self._splits_of(client) for client in self.population.clients}
        self.begin(0)

    def begin(self, number: int) -> None:
        """Make ready for a round."""
        super().begin(number)
        splits = {"global_test": self._global_test, "pool": self._pool, "inputs": self._pooled_inputs}
        splits |= self._held_by_server
        self.server = self._handle(splits, self.model.modalities, self._memory(SERVER), (SERVER, "round", number))

    def _handle(
        self,
        splits: Mapping[str, Callable[[], Samples]],
        modalities: Sequence[str],
        memory: ClientMemory,
        key: tuple[Key, ...],
    ) -> OneClient:
        return OneClient(
            splits,
            model=self.model,
            modalities=modalities,
            settings=self._settings_of(key),
            memory=memory,
            seed=self.seed,
            key=key,
            profile=self.profile,
        )

    def _splits_of(self, client: ClientData) -> dict[str, Callable[[], Samples]]:
        return self._handed_out(client.modalities) | {
            "train": cache(lambda: client.train.to(self.device)),
            "inputs": cache(lambda: client.inputs.to(self.device)),
            "test": cache(lambda: client.test.to(self.device)),
            "held": cache(lambda: held_by(client).to(self.device)),
            "global_test": lambda: self._global_test().only(client.modalities),
        }

    def _handed_out(self, modalities: Sequence[str]) -> dict[str, Callable[[], Samples]]:
        """What clients have of what the server holds."""
        given = {name: rows for name, rows in self._held_by_server.items() if name in self.method.hands_out}
        return {name: lambda rows=rows: rows().only(modalities) for name, rows in given.items()}  # type: ignore[misc]

    def _pooled(self, split: str) -> Samples:
        shapes = {m.name: m.shape for m in self.population.modalities.values()}
        return concatenate([getattr(client, split) for client in self.population.clients], shapes).to(self.device)

    def _memory(self, holder: int | str) -> ClientMemory:
        return self._memories.setdefault(holder, ClientMemory())

    def _visit(
        self, program: str, clients: Sequence[int], packages: Mapping[int, Package], occasion: str
    ) -> Iterator[tuple[int, Many[Package] | None]]:
        for client in clients:
            memory = self._memory(client)
            result = self._run(program, client, self._deliver(client, packages[client]), memory, occasion)
            if self.model.buffers == "local":
                self._keep_buffers(memory, result)
            upload = self._collect(client, result)
            yield 1, None if upload is None else Many.of_one(upload)

    def _ask(
        self, program: str, clients: Sequence[int], package: Package, occasion: str
    ) -> Iterator[tuple[int, Package]]:
        for client in clients:
            memory = ClientMemory(dict(self._memory(client).values))
            received = self._wire.addressed(package, self._modalities[client])
            yield client, self._run(program, client, received, memory, occasion)

    def _run(self, program: str, client: int, received: Package, memory: ClientMemory, occasion: str) -> Package:
        key = ("client", client, "round", self.round, occasion)
        handle = self._handle(self._splits[client], self._modalities[client], memory, key)
        result: Package = getattr(self._away, program)(handle, received)
        return result

    def _keep_buffers(self, memory: ClientMemory, result: Package) -> None:
        """Buffers that a program sends but that may not travel stay with the client, as part of its model."""
        layout = self.model.layout
        for f in result.payload():
            if address(f) == "block":
                own = {n: v for n, v in getattr(result, f.name).items() if n in layout and layout[n].buffer}
                memory["model"] = {**memory.get("model", {}), **own}

    def memories(self) -> dict[str, Any]:
        """All memories that hold anything."""
        return {str(holder): memory.values for holder, memory in self._memories.items() if memory.values}

    def restore(self, memories: Mapping[str, Any]) -> None:
        """Take back what `memories` gave."""
        for holder, values in memories.items():
            self._memory(SERVER if holder == SERVER else int(holder)).values.update(copied(values))


def held_by(client: ClientData) -> Samples:
    """The rows that a client does not train on; none, if it holds none."""
    return client.inputs.rows(torch.arange(0)) if client.held is None else client.held
