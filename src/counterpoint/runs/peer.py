"""One device of a real network: its file, its data, and its run."""

import tomllib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import Field, ValidationError

from counterpoint.data.population import Population
from counterpoint.engines.zenoh.engine import OverAir
from counterpoint.engines.zenoh.line import Line
from counterpoint.engines.zenoh.settings import LineSettings
from counterpoint.errors import UserError
from counterpoint.methods import find_method
from counterpoint.methods.options import explain
from counterpoint.runs.config import RunConfig, Section
from counterpoint.runs.folder import RunFolder
from counterpoint.runs.prepare import assembled, chosen_method, population_of
from counterpoint.runs.result import RunResult
from counterpoint.runs.run import Run
from counterpoint.runs.site import Sense, site_dataset, site_population
from counterpoint.runs.start import LOG, logged, one_thread
from counterpoint.runs.watch import Watcher


class OwnData(Section):
    """Data of the device's own, all of which is its client's, and what all devices agreed on.

    Attributes:
        folder: with the data; see `data.own.load_folder`.
        classes: of the task, in order.
        modalities: of the whole network, by name.
    """

    folder: str
    classes: tuple[str, ...]
    modalities: dict[str, Sense]


class Member(Section):
    """A device of the network.

    Attributes:
        modalities: that it has.
        endpoint: where it listens, for example `tls/10.0.0.3:7447`.
        name: common name of its certificate; `peer-ID` where None.
    """

    modalities: tuple[str, ...]
    endpoint: str | None = None
    name: str | None = None


class Keys(Section):
    """Files of a device's certificate, of its key, and of the authority that signed all certificates."""

    authority: str
    certificate: str
    key: str


class PeerConfig(Section):
    """What one device has to know.

    Attributes:
        id: its number among `peers`.
        network: a name, the same for all devices of a run.
        state: its run folder; it goes on there if it has begun.
        run: the configuration of the run, as `config.toml` of a run has it, the same for all.
        own: its own data; where there is none, it has the part of client `id` of the run's data.
        peers: all devices of the network, this one included, by number.
        listen: endpoints that it listens at.
        discovery: whether devices find each other by multicast, in place of endpoints.
        deadline: seconds that it waits in a round for its neighbours.
        patience: seconds that it waits for them at the start.
        tls: its certificate; without it nothing is sent, unless `insecure`.
        insecure: whether it talks without certificates.
    """

    id: Annotated[int, Field(ge=0)]
    network: str
    state: Path
    run: RunConfig
    own: OwnData | None = None
    peers: dict[int, Member]
    listen: tuple[str, ...] = ()
    discovery: bool = False
    deadline: Annotated[float, Field(gt=0)] = 60.0
    patience: Annotated[float, Field(gt=0)] = 10.0
    tls: Keys | None = None
    insecure: bool = False

    @classmethod
    def read(cls, path: Path, *, insecure: bool = False) -> "PeerConfig":
        """The configuration in a file; paths in it are seen from its folder.

        Args:
            path: of the file.
            insecure: talk without certificates, whatever the file says.

        Raises:
            UserError: it cannot be read, or something in it is wrong.
        """
        try:
            told = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UserError(f"{path} is not valid TOML: {error}") from error
        try:
            found = cls(**(told | ({"insecure": True} if insecure else {})))
        except ValidationError as error:
            raise UserError(f"{path}: {explain(error)}") from error
        if found.id not in found.peers:
            raise UserError(f"{path}: peer {found.id} is not among its own [peers]: add [peers.{found.id}]")
        return found.seen_from(path.resolve().parent)

    def seen_from(self, folder: Path) -> "PeerConfig":
        """The same with paths seen from a folder."""
        keys = self.tls and Keys(**{name: str(folder / value) for name, value in self.tls.model_dump().items()})
        own = self.own and self.own.model_copy(update={"folder": str(folder / self.own.folder)})
        return self.model_copy(update={"state": folder / self.state, "tls": keys, "own": own})

    def line(self) -> LineSettings:
        """Of the line to its neighbours.

        Raises:
            UserError: something is wrong with it.
        """
        members = {n: {"endpoint": m.endpoint, "name": m.name or f"peer-{n}"} for n, m in self.peers.items()}
        told: dict[str, Any] = {
            "id": self.id,
            "run": self.network,
            "peers": members,
            "listen": list(self.listen),
            "discovery": self.discovery,
            "deadline": self.deadline,
            "patience": self.patience,
            "tls": self.tls and self.tls.model_dump(),
            "insecure": self.insecure,
        }
        try:
            return LineSettings(**told)
        except ValidationError as error:
            raise UserError(f"peer {self.id}: {explain(error)}") from error


def serve(config: PeerConfig, watcher: Watcher | None = None) -> RunResult:
    """Run one device until all rounds are done; it goes on where it was, if it has been running before.

    Raises:
        UserError: something in its configuration is wrong; nothing has been sent.
        Stopped: Ctrl-C or SIGTERM; everything is saved.
    """
    settings = config.line()
    with one_thread():
        population = population_at(config)
        folder = RunFolder(config.state)
        known = folder.config.exists()
        folder = RunFolder.open(config.state) if known else RunFolder.create(config.state, config.run)
        if known and RunConfig.read(folder.config) != config.run:
            raise UserError(f"{config.state} is of another run: choose another state, or delete it")
        with logged(folder), Line(settings) as line, closing(_engine(config, population, line)) as engine:
            work = Run(config.run, folder, engine, watcher)
            if known:
                work.restore()
                LOG.info("peer %d is back after round %d", config.id, work.done)
            else:
                work.start()
            return work.go()


def population_at(config: PeerConfig) -> Population:
    """What this device holds: its own client, and nobody's test.

    Raises:
        UserError: the data is not there, or not as agreed.
    """
    if config.own is not None:
        own = config.own
        dataset = site_dataset(own.folder, own.classes)
        found = site_population(dataset, own.modalities, own.classes, client=config.id, seed=config.run.seed)
        client = found.clients[0]
    else:
        found = population_of(config.run, config.run.data.name)
        if config.id >= len(found.clients):
            what = f"{config.run.data.name} has {len(found.clients)} clients"
            raise UserError(f"{what}: there is none for peer {config.id}")
        client = found.clients[config.id]
    told = config.peers[config.id].modalities
    if tuple(sorted(told)) != client.modalities:
        raise UserError(
            f"peer {config.id} has the modalities {', '.join(client.modalities)}, and [peers.{config.id}] says"
            f" {', '.join(told)}"
        )
    nothing = found.test.rows(torch.arange(0))
    return replace(found, clients=(client,), test=nothing)


def _engine(config: PeerConfig, population: Population, line: Line) -> OverAir:
    run = config.run
    method = chosen_method(run, find_method(run.method))
    if method.model_kind != "peer":
        raise UserError(f"{method.name} needs a server: real peers run d-psgd, gradient-tracking, dmml-kd and the like")
    found, model = assembled(run, method, population)
    roster: Mapping[int, tuple[str, ...]] = {n: tuple(sorted(m.modalities)) for n, m in sorted(config.peers.items())}
    return OverAir(
        found,
        method,
        model,
        run.train,
        rounds=run.rounds,
        seed=run.seed,
        device=run.device,
        exchange=run.exchange,
        network=run.network,
        simulate=run.simulate,
        line=line,
        roster=roster,
        patience=config.patience,
    )
