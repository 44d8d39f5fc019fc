"""What every engine in one process shares: the server's handle, what goes over the wire, and what is counted."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, TypeVar, cast

import torch

from counterpoint.data.population import Population
from counterpoint.engines.deadline import Deadline
from counterpoint.engines.ledger import Ledger
from counterpoint.engines.log import REFUSED, RoundLog
from counterpoint.engines.network import Network
from counterpoint.engines.profile import OVERHEAD, Profile
from counterpoint.engines.telling import Told, by_client, disagreement, notes_of
from counterpoint.engines.wire import Wire
from counterpoint.errors import CounterpointError, PackageError
from counterpoint.exchange.layout import Tensors
from counterpoint.exchange.many import Many
from counterpoint.exchange.package import Package
from counterpoint.exchange.settings import ExchangeSettings
from counterpoint.methods.client import Client
from counterpoint.methods.federation import Federation
from counterpoint.methods.method import Method
from counterpoint.methods.peer import Peer
from counterpoint.methods.settings import TrainSettings
from counterpoint.models.model import Model
from counterpoint.randomness import Key, generator
from counterpoint.simulate.availability import parse_availability
from counterpoint.simulate.network import NetworkSettings
from counterpoint.simulate.settings import DeviceSettings
from counterpoint.simulate.topology import parse_topology

Down = TypeVar("Down", bound=Package)
Up = TypeVar("Up", bound=Package)
Tick = Callable[[], None]


class Engine(Federation):
    """An engine in one process: it has the whole population at hand.

    Args:
        population: who has what.
        method: the server's method; local programs run on a copy that has the options and the model only.
        model: of the run.
        settings: of local training.
        rounds: how many there will be.
        participation: share of the clients that `sample` draws.
        seed: of the run.
        device: where tensors live.
        exchange: in which precision packages travel; as they are where None.
        network: who talks to whom, where there is no server.
        simulate: what devices have and what things cost them.

    Attributes:
        log: of the running round.
        profile: where the time goes.
        tick: called after each client's program; a progress display sets it.
    """

    name: ClassVar[str] = ""
    saves_each_round: ClassVar[bool] = False
    """Whether a run saves after every round, however long that takes."""

    def __init__(
        self,
        population: Population,
        method: Method,
        model: Model,
        settings: TrainSettings,
        *,
        rounds: int,
        participation: float = 1.0,
        seed: int = 0,
        device: str = "cpu",
        exchange: ExchangeSettings | None = None,
        network: NetworkSettings | None = None,
        simulate: DeviceSettings | None = None,
    ) -> None:
        self.population = population
        self.method = method
        self.model = model.to(device)
        self.settings = settings
        self.rounds = rounds
        self.round = 0
        self.clients = [client.id for client in population.clients]
        self.log = RoundLog()
        self.profile = Profile()
        self.tick: Tick = lambda: None
        self.seed = seed
        self.device = device
        self._participation = participation
        self._visits = 0
        self._told: Told = {}
        self.server: Client
        self._wire = Wire(model, exchange or ExchangeSettings())
        self._modalities = {client.id: client.modalities for client in population.clients}
        self._now = dict(self._modalities)
        self._availability = parse_availability((simulate or DeviceSettings()).available)
        self._availability.check(list(population.modalities))
        topology = parse_topology((network or NetworkSettings()).topology)
        self.network = Network(topology, self._modalities, model, seed)
        self.ledger = Ledger(
            simulate or DeviceSettings(),
            self.network,
            model,
            population.modalities,
            settings.batch_size,
            rounds,
            seed,
        )
        self._deadline = Deadline(
            self.ledger, self.network.number, {client.id: len(client.train) for client in population.clients}
        )
        if method.term is not None:
            method.term.build(self.model)
            self.model.draws = self.model.draws or method.term.draws
        self._away = type(method)(**method.options)
        self._away.take(method.term)
        self._away.build(self.model)
        self._away.seal()
        method.build(self.model)

    @property
    def testable(self) -> list[int]:
        """The clients that have a test of their own."""
        return [client.id for client in self.population.clients if len(client.test)]

    def next_round(self, done: int) -> int:
        """The number of the round that follows."""
        return done + 1

    def begin(self, number: int) -> None:
        """Make ready for a round."""
        self.round = number
        self.log = RoundLog()
        self._visits = 0
        if not number:
            return
        if not self._availability.trivial:
            self._now = self._availability.there(self._usable, seed=self.seed, round=number)
            self.note("available", len(self._now), "clients:sum")
        if self.method.model_kind == "peer":
            self.ledger.begin(number)

    @cached_property
    def _usable(self) -> dict[int, tuple[str, ...]]:
        """By client, the modalities that any of its training rows has."""
        rows = {client.id: client.inputs.present for client in self.population.clients}
        return {c: tuple(m for m in own if bool(rows[c][m].any())) or own for c, own in self._modalities.items()}

    def _settings_of(self, key: Sequence[Key]) -> TrainSettings:
        """Local training as it is in the round of a key of randomness: a worker process knows no other."""
        return self.settings.in_round(int(key[list(key).index("round") + 1]), self.rounds)

    def sample(self) -> list[int]:
        """The run's share of all clients, of those that are there, without replacement, at least one; sorted."""
        count = max(1, round(self._participation * len(self.clients)))
        order = torch.randperm(len(self.clients), generator=self.rng("sample")).tolist()
        there = [self.clients[i] for i in order if self.clients[i] in self._now]
        return sorted(there[:count])

    def owners(self, block: str) -> int:
        """How many clients own a block."""
        spec = self.model.layout[self.model.layout.of_block(block)[0]]
        return sum(spec.modality is None or spec.modality in owned for owned in self._modalities.values())

    def rng(self, purpose: str) -> torch.Generator:
        """The server's randomness for this round and purpose."""
        return generator(self.seed, "server", self.round, purpose)

    def note(self, measure: str, value: float, scope: str = "server") -> None:
        """Record a number of the method's own."""
        self.log.notes[measure, scope] = float(value)

    def stream(
        self,
        clients: Sequence[int],
        program: Callable[[Client, Down], Up],
        package: Down | Mapping[int, Down],
    ) -> Iterator[Many[Up]]:
        """Send, run, receive: everything through its bytes, counted, and what is wrong refused."""
        self._visits += 1
        asked = sorted(set(clients))
        packages = package if isinstance(package, Mapping) else dict.fromkeys(asked, package)
        if wrong := [c for c in asked if c not in packages or c not in self._modalities]:
            raise CounterpointError(f"there is no client {wrong[0]}, or no package for it")
        visited = [client for client in asked if client in self._now]
        self.profile.visits += len(visited)
        coming = self._visit(program.__name__, visited, packages, f"visit {self._visits}")
        while True:
            with self.profile.of(OVERHEAD):
                found = next(coming, None)
            if found is None:
                return
            count, uploads = found
            for _ in range(count):
                self.tick()
            if uploads is None:
                continue
            settings = self.settings.in_round(self.round, self.rounds)
            if (in_time := self._deadline.of(uploads, self.log, settings, self.round)) is not None:
                yield cast(Many[Up], in_time)

    def visit(
        self,
        clients: Sequence[int],
        program: Callable[[Client, Down], Up],
        package: Down | Mapping[int, Down],
    ) -> list[Up]:
        """As `stream`, all uploads at once, sorted by client."""
        uploads = [upload for many in self.stream(clients, program, package) for upload in many.each()]
        return sorted(uploads, key=lambda upload: upload.client)

    def ask(
        self,
        clients: Sequence[int],
        program: Callable[[Client, Down], Up],
        package: Down,
    ) -> dict[int, Up]:
        """Run a local program for its answer alone: no bytes are counted, and clients remember nothing of it.

        This is how evaluation looks at clients; it draws from randomness of its own, so that how often one looks
        changes nothing.
        """
        with self.profile.of(OVERHEAD):
            answers = list(self._ask(program.__name__, sorted(clients), package, f"ask {program.__name__}"))
        return {client: cast(Up, answer) for client, answer in sorted(answers, key=lambda pair: pair[0])}

    def _deliver(self, client: int, package: Package) -> Package:
        arrived, by_block = self._wire.down(package, self._now[client])
        self.log.count("down", client, by_block)
        return arrived

    def _collect(self, client: int, result: Up) -> Up | None:
        """The upload as the server gets it; None where it is refused."""
        try:
            data = self._received(client, self._wire.seal(result))
        except PackageError as error:
            self._refuse(client, error, b"")
            return None
        return self._taken(client, data, type(result))

    def _taken(self, client: int, data: bytes, kind: type[Up]) -> Up | None:
        """The upload that came as these bytes, counted; None where it is refused."""
        try:
            upload = self._wire.open(data, kind, self._now[client])
            self.method.accept(upload)
        except PackageError as error:
            self._refuse(client, error, data)
            return None
        self.log.count("up", client, self._wire.size(upload, data))
        return upload.sent_by(client)

    def _refuse(self, client: int, error: PackageError, data: bytes) -> None:
        self.log.refused.append((client, str(error)))
        self.log.count("up", client, {REFUSED: len(data)})

    def _received(self, client: int, data: bytes) -> bytes:
        """The bytes as they arrive; a test of damaged packages overrides this."""
        return data

    def gossip(self, program: Callable[[Peer], None]) -> None:
        """Let all peers run a program, in step with each other."""
        self._visits += 1
        self.profile.visits += len(self.clients)
        self._told = {}
        with self.profile.of(OVERHEAD):
            self._gossip(program.__name__, f"visit {self._visits}")
            told = by_client(self.ledger.notes(), self.network.clients, self.clients) | self._told
            for measure, scope, value in notes_of(told, last=self.round == self.rounds):
                self.note(measure, value, scope)
            if len(models := self._models()) > 1:
                self.note("consensus_distance", disagreement(models), "clients:mean")

    @abstractmethod
    def _models(self) -> list[Tensors]:
        """What each peer's memory holds under `model`."""

    @abstractmethod
    def _gossip(self, program: str, occasion: str) -> None:
        """Run the program of a peer for all clients.

        Args:
            program: its name.
            occasion: distinguishes visits of a round in keys of randomness.
        """

    @abstractmethod
    def _visit(
        self, program: str, clients: Sequence[int], packages: Mapping[int, Package], occasion: str
    ) -> Iterator[tuple[int, Many[Package] | None]]:
        """Deliver packages, run a local program of the clients' method, collect uploads.

        Yields for some clients at a time how many they are, and the uploads of those that were not refused, if any.

        Args:
            program: its name.
            clients: who, in order.
            packages: for each; one object for all, if all are told the same.
            occasion: distinguishes visits of a round in keys of randomness.
        """

    @abstractmethod
    def _ask(
        self, program: str, clients: Sequence[int], package: Package, occasion: str
    ) -> Iterator[tuple[int, Package]]:
        """As `_visit`, but nothing is counted or checked, and clients remember nothing."""

    @abstractmethod
    def memories(self) -> dict[str, Any]:
        """All memories, of clients and server, as nested mappings of tensors: to be saved."""

    @abstractmethod
    def restore(self, memories: Mapping[str, Any]) -> None:
        """Take back what `memories` gave."""

    def settled(self) -> dict[str, int]:
        """What the engine settled by measuring that results depend on: to be saved."""
        return {}

    def settle(self, known: Mapping[str, int]) -> None:
        """Take back what `settled` gave."""

    def close(self) -> None:
        """Give back what the engine holds beside memory."""
