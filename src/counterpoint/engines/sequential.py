"""The sequential engine: one client after another, in plain autograd. It defines what is right."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, ClassVar

import torch

from counterpoint.data.population import ClientData
from counterpoint.data.samples import Samples, concatenate
from counterpoint.engines.engine import Engine
from counterpoint.engines.exchanged import Exchanged, Spoken
from counterpoint.engines.handle import OneClient
from counterpoint.engines.meeting import Speak, meet
from counterpoint.engines.memory import ClientMemory, copied
from counterpoint.engines.network import sent_bytes
from counterpoint.engines.peers import Around, OnePeer
from counterpoint.exchange.layout import Tensors
from counterpoint.exchange.many import Many
from counterpoint.exchange.package import Package, address
from counterpoint.exchange.traffic import ENVELOPE
from counterpoint.randomness import Key

SERVER, DEVICES = "server", "devices"
Program = Callable[[Speak[Spoken, Exchanged]], None]
"""The program of some peers, given how they speak."""


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

    def _seen(self, client: int, modalities: tuple[str, ...]) -> Mapping[str, Callable[[], Samples]]:
        """A client's splits as it sees them with these of its modalities: rows that have none of them are not there."""
        splits = self._splits[client]
        if modalities == self._modalities[client]:
            return splits
        return {name: cache(lambda rows=rows: rows().seen(modalities)) for name, rows in splits.items()}

    def _memory_now(self, client: int) -> ClientMemory:
        """What a client remembers of the modalities that are on."""
        memory, layout = self._memory(client), self.model.layout
        off = set(self._modalities[client]) - set(self._now[client])
        if not off:
            return memory
        gone = off | {name for name, spec in layout.specs.items() if spec.modality in off}
        return ClientMemory(_without(memory.values, gone))

    def _keep(self, client: int, memory: ClientMemory) -> None:
        """A client remembers this, and of modalities that were off what it did before."""
        kept = self._memory(client)
        if memory is not kept:
            kept.values = _with_old(memory.values, kept.values)

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
            memory = self._memory_now(client)
            received = self._deliver(client, packages[client])
            result = self._run(program, client, received, memory, occasion, self._now[client])
            if self.model.buffers == "local":
                self._keep_buffers(memory, result)
            self._keep(client, memory)
            upload = self._collect(client, result)
            yield 1, None if upload is None else Many.of_one(upload)

    def _ask(
        self, program: str, clients: Sequence[int], package: Package, occasion: str
    ) -> Iterator[tuple[int, Package]]:
        for client in clients:
            memory = ClientMemory(dict(self._memory(client).values))
            received = self._wire.addressed(package, self._modalities[client])
            yield client, self._run(program, client, received, memory, occasion, self._modalities[client])

    def _gossip(self, program: str, occasion: str) -> None:
        meet([self._peer(program, client, occasion) for client in sorted(self._now)], self._answers)

    def _peer(self, program: str, client: int, occasion: str) -> Program:
        """The program of one peer."""

        def run(speak: Speak[Spoken, Exchanged]) -> None:
            memory = self._memory_now(client)
            getattr(self._away, program)(self._one_peer(client, occasion, speak, memory))
            self._keep(client, memory)
            self.tick()

        return run

    def _one_peer(self, client: int, occasion: str, speak: Speak[Spoken, Exchanged], memory: ClientMemory) -> OnePeer:
        key = ("client", client, "round", self.round, occasion)
        return OnePeer(
            self._seen(client, self._now[client]),
            model=self.model,
            modalities=self._now[client],
            settings=self._settings_of(key),
            memory=memory,
            seed=self.seed,
            key=key,
            profile=self.profile,
            peer=self.network.number[client],
            client=client,
            around=self._around(speak),
        )

    def _around(self, speak: Speak[Spoken, Exchanged]) -> Around:
        return Around(speak, self.ledger, self.round, self.rounds, self._note_of)

    def _note_of(self, measure: str, client: int, value: float) -> None:
        self._told.setdefault(measure, {})[client] = value

    def _models(self) -> list[Tensors]:
        return [self._memory(client).values.get("model", {}) for client in self.clients]

    def _answers(self, spoken: Sequence[Spoken]) -> list[Exchanged]:
        """What comes of an exchange of all peers: everything through its bytes, counted, and what is wrong refused."""
        spoken = self._in_time_of(spoken)
        before, self.log.traffic = self.log.traffic, {}
        found = self.network.exchanged(self.round, spoken, self._arrived_of)
        traffic, self.log.traffic = self.log.traffic, before
        sent = sent_bytes(traffic)
        for client, by_block in sent.items():
            self.log.count("up", client, by_block)
        for client, by_block in self.network.heard(self.round, found.speaks, sent).items():
            self.log.count("down", client, by_block)
        told = torch.zeros(len(self.clients))
        for client, by_block in sent.items():
            told[self.network.number[client]] = sum(n for block, n in by_block.items() if block != ENVELOPE)
        self.ledger.sent(told, found.speaks)
        return [found] * len(spoken)

    def _in_time_of(self, spoken: Sequence[Spoken]) -> Sequence[Spoken]:
        """What peers say before the deadline; who would be ready only after it neither speaks nor hears."""
        if self.ledger.deadline is None:
            return spoken
        sizes = torch.zeros(len(self.clients))
        for one in spoken:
            peers = [self.network.number[client] for client in one.sent.clients]
            sizes[peers] = float(sum(v[0].numel() * v.dtype.itemsize for v in one.sent.together.tensors().values()))
        late = self.ledger.late(sizes)
        count = 0
        found = []
        for one in spoken:
            too_late = late[[self.network.number[client] for client in one.sent.clients]]
            count += int((one.active & too_late).sum())
            found.append(Spoken(one.sent, one.active & ~too_late))
        self.note("late", count, "clients:sum")
        return found

    def _arrived_of(self, sent: Many[Package]) -> Iterator[Many[Package]]:
        """What neighbours get of packages."""
        for package in sent.each():
            upload = self._collect(package.client, package)
            if upload is not None:
                yield Many.of_one(upload)

    def _run(
        self,
        program: str,
        client: int,
        received: Package,
        memory: ClientMemory,
        occasion: str,
        modalities: tuple[str, ...],
    ) -> Package:
        key = ("client", client, "round", self.round, occasion)
        handle = self._handle(self._seen(client, modalities), modalities, memory, key)
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
        found: dict[str, Any] = {str(who): memory.values for who, memory in self._memories.items() if memory.values}
        devices = self.ledger.told()
        return found | {DEVICES: devices} if devices else found

    def restore(self, memories: Mapping[str, Any]) -> None:
        """Take back what `memories` gave."""
        self.ledger.restore(memories.get(DEVICES, {}))
        for holder, values in memories.items():
            if holder == DEVICES:
                continue
            self._memory(SERVER if holder == SERVER else int(holder)).values.update(copied(values))


def _without(value: Any, gone: Collection[str]) -> Any:
    """A nested value without the entries of these names."""
    if isinstance(value, Mapping):
        return {name: _without(part, gone) for name, part in value.items() if name not in gone}
    return value


def _with_old(new: Any, old: Any) -> Any:
    """A nested value with the entries that another has and it has not."""
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        return {**old, **{name: _with_old(value, old.get(name, value)) for name, value in new.items()}}
    return new


def held_by(client: ClientData) -> Samples:
    """The rows that a client does not train on; none, if it holds none."""
    return client.inputs.rows(torch.arange(0)) if client.held is None else client.held
