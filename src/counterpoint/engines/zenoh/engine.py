"""The engine of one device in a real network: its own client alone, and neighbours over the air."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor

from counterpoint.engines.ledger import Ledger
from counterpoint.engines.memory import ClientMemory
from counterpoint.engines.network import Network
from counterpoint.engines.peers import OnePeer
from counterpoint.engines.sequential import Sequential
from counterpoint.engines.zenoh.heard import HeardOverAir
from counterpoint.engines.zenoh.line import middle
from counterpoint.errors import CounterpointError, PackageError
from counterpoint.exchange import Blocks
from counterpoint.exchange.package import Package
from counterpoint.exchange.traffic import ENVELOPE
from counterpoint.methods.client import Value
from counterpoint.methods.peer import Heard
from counterpoint.simulate.network import NetworkSettings
from counterpoint.simulate.settings import DeviceSettings
from counterpoint.simulate.topology import parse_topology

STALE = 1
"""A device that is more rounds behind its neighbours takes their mean model, and goes on in their round."""


class Answers(Protocol):
    """What came of an exchange, as bytes.

    Attributes:
        packages: by id of the neighbour.
        missing: why others did not answer, by id.
        seconds: that were waited.
    """

    @property
    def packages(self) -> Mapping[int, bytes]: ...  # noqa: D102

    @property
    def missing(self) -> Mapping[int, str]: ...  # noqa: D102

    @property
    def seconds(self) -> float: ...  # noqa: D102


class Line(Protocol):
    """How bytes get to neighbours and back, see `line.Line`."""

    @property
    def refused(self) -> Mapping[str, int]:
        """What came and was refused, by reason."""
        ...

    def exchange(self, round: int, number: int, data: bytes | None, neighbours: Collection[int]) -> Answers:
        """Send to neighbours, nothing where None, and wait for theirs until the deadline."""
        ...

    def status(self, round: int, data: bytes) -> None:
        """What is answered to whoever asks where this device is."""
        ...

    def ask(self, neighbours: Collection[int], timeout: float) -> Mapping[int, tuple[int, bytes]]:
        """Round and model of each neighbour that answers."""
        ...

    def latest(self) -> int:
        """The round in which at least half of the neighbours were heard; 0 if none was."""
        ...


class RealPeer(OnePeer):
    """A peer whose exchanges go over the air.

    Args:
        talk: sends a package, or nothing where it is not active, and returns what was heard.
        args: as `OnePeer` takes them.
        kwargs: as `OnePeer` takes them.
    """

    def __init__(self, *args: Any, talk: Callable[[Package, bool], Heard], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._talk = talk

    def exchange(self, package: Package, *, active: Value | None = None) -> Heard:
        """Send, and hear."""
        return self._talk(package.sent_by(self._client), True if active is None else bool(active))


class OverAir(Sequential):
    """Runs the program of one device, which talks to its neighbours in a real network.

    With nobody failing its model is that of the same device in a simulation, within 1e-5: programs, batches and
    weights of mixing are the same, and what differs is the order in which doubles are added up.

    Args:
        line: to the neighbours.
        roster: by id, the modalities of every device of the network.
        patience: seconds to wait for neighbours that are asked where they are.
        args: as `Engine` takes them; the population holds this device's client alone.
        network: who talks to whom.
        simulate: what the device is taken to have and to spend.
        kwargs: as `Engine` takes them.
    """

    name: ClassVar[str] = "zenoh"
    saves_each_round: ClassVar[bool] = True

    def __init__(
        self,
        *args: Any,
        line: Line,
        roster: Mapping[int, tuple[str, ...]],
        patience: float,
        network: NetworkSettings | None = None,
        simulate: DeviceSettings | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, network=network, simulate=simulate, **kwargs)
        if len(self.clients) != 1 or self.method.model_kind != "peer":
            raise CounterpointError("a device of a real network has one client, and a method without a server")
        (self._me,) = self.clients
        self._line = line
        self._roster = dict(roster)
        self._patience = patience
        self._exchanges = 0
        self._known: dict[str, int] = {}
        self._arriving = True
        self.network = Network(
            parse_topology((network or NetworkSettings()).topology), self._roster, self.model, self.seed
        )
        self.ledger = Ledger(
            simulate or DeviceSettings(),
            self.network,
            self.model,
            self.population.modalities,
            self.settings.batch_size,
            self.rounds,
            self.seed,
        )

    def next_round(self, done: int) -> int:
        """The next one; that of the neighbours, where this device is behind them, with the mean of their models."""
        latest = self._line.latest()
        if self._arriving:
            self._arriving = False
            self._tell(done)
            answers = self._line.ask(self._neighbours(min(done + 1, self.rounds)), self._patience)
            latest = max(latest, middle(there for there, _ in answers.values()))
        latest = min(latest, self.rounds)
        if latest <= done + STALE:
            return done + 1
        self._catch_up(latest)
        return latest

    def _catch_up(self, round: int) -> None:
        answers = self._line.ask(self._neighbours(round), self._patience)
        told = []
        for other, (there, data) in sorted(answers.items()):
            try:
                if there >= round - STALE:
                    told.append(self._wire.open(data, Blocks, self._roster[other]).weights)
            except PackageError as error:
                self.log.refused.append((other, str(error)))
        own = self._memory(self._me).values.get("model", self.model.initial)
        mean: dict[str, Tensor] = {}
        for name in self.model.layout.owned(self._modalities[self._me]):
            some = [weights[name].double() for weights in told if name in weights]
            mean[name] = torch.stack(some).mean(0).to(own[name].dtype) if some else own[name]
        self._memory(self._me)["model"] = mean

    def _neighbours(self, round: int) -> list[int]:
        graph = self.network.graph(round)
        return [self.network.clients[n] for n in graph.neighbours(self.network.number[self._me])]

    def _gossip(self, program: str, occasion: str) -> None:
        self._exchanges = 0
        memory = self._memory_now(self._me)
        if self._me in self._now:
            getattr(self._away, program)(self._real_peer(occasion, memory))
            self._keep(self._me, memory)
        self._tell(self.round)
        self.tick()

    def _tell(self, round: int) -> None:
        """Be ready to say where this device is, and what its model is."""
        model = self._memory(self._me).values.get("model", {})
        self._line.status(round, self._wire.seal(Blocks(model)))

    def _real_peer(self, occasion: str, memory: ClientMemory) -> RealPeer:
        key = ("client", self._me, "round", self.round, occasion)
        return RealPeer(
            self._seen(self._me, self._now[self._me]),
            model=self.model,
            modalities=self._now[self._me],
            settings=self._settings_of(key),
            memory=memory,
            seed=self.seed,
            key=key,
            profile=self.profile,
            peer=self.network.number[self._me],
            client=self._me,
            around=self._around(_nobody),
            talk=self._talk,
        )

    def _talk(self, package: Package, active: bool) -> Heard:
        """Send, hear, check, and count."""
        self._exchanges += 1
        data = self._wire.seal(package) if active else None
        answers = self._line.exchange(self.round, self._exchanges, data, self._neighbours(self.round))
        self._count_refused()
        number = self.network.number
        heard = dict(self._opened(answers, type(package))) if active else {}
        sizes = torch.zeros(len(self._roster))
        if data is not None:
            by_block = self._wire.size(package, data)
            self.log.count("up", self._me, by_block)
            sizes[number[self._me]] = sum(n for block, n in by_block.items() if block != ENVELOPE)
        self.ledger.sent(sizes, sizes > 0)
        self.note("heard", len(heard), f"client:{self._me}")
        self.note("not_heard", len(answers.missing), f"client:{self._me}")
        self.note("waited", answers.seconds, f"client:{self._me}")
        return HeardOverAir(
            package,
            {number[other]: arrived for other, arrived in heard.items()},
            peer=number[self._me],
            graph=self.network.graph(self.round),
            owners=self.network.owners,
        )

    def _opened(self, answers: Answers, kind: type[Package]) -> Iterator[tuple[int, Package]]:
        """The packages that may be used; what is wrong is refused and counted."""
        for other, data in sorted(answers.packages.items()):
            try:
                arrived = self._wire.open(data, kind, self._roster[other])
                self.method.accept(arrived)
            except PackageError as error:
                self.log.refused.append((other, str(error)))
                continue
            self.log.count("down", self._me, self._wire.size(arrived, data))
            yield other, arrived

    def _count_refused(self) -> None:
        """What the line refused since it was last asked."""
        for reason, count in dict(self._line.refused).items():
            for _ in range(count - self._known.get(reason, 0)):
                self.log.refused.append((self._me, f"refused before it was read: {reason}"))
            self._known[reason] = count

    def _models(self) -> list[dict[str, Tensor]]:
        return []


def _nobody(_: Any) -> Any:
    raise CounterpointError("a device of a real network speaks over the air alone")
