"""The client side of an app: what runs at a node."""

import logging
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from flwr.app import ConfigRecord, Context, Message, RecordDict
from flwr.clientapp import ClientApp

from counterpoint.data.population import Dataset, Population
from counterpoint.deploy.agreement import Agreement, unlabelled
from counterpoint.deploy.settings import AppSettings, method_at
from counterpoint.deploy.stores import ContextStore, FolderStore
from counterpoint.engines.flower.grid import HELLO
from counterpoint.engines.flower.node import AtNode
from counterpoint.engines.flower.order import Answer
from counterpoint.engines.flower.records import of_answer, order_in
from counterpoint.engines.flower.store import Store
from counterpoint.errors import CounterpointError, UserError
from counterpoint.methods import find_method
from counterpoint.runs.config import RunConfig, checked
from counterpoint.runs.prepare import assembled, check_device, chosen_method, population_of
from counterpoint.runs.site import site_dataset, site_population
from counterpoint.runs.start import one_thread

LOG = logging.getLogger("counterpoint")
NodeConfig = Mapping[str, Any]
Load = Callable[[NodeConfig], Dataset | Path | str]
"""Data of a site, given the settings of its node: a data set, or the folder or name of one."""


def client_app(file: str, load: Load | None = None) -> ClientApp:
    """The `ClientApp` of an app: it runs local programs of any method for the clients whose data is at its node.

    Args:
        file: `__file__` of the module of the app, in whose folder files of the app are.
        load: gives the data of a site of its own (`sites` in the settings of the app); the folder that the node's
            setting `data` names where None.
    """
    app, here = ClientApp(), Path(file).resolve().parent
    own = load or _folder

    @app.query(HELLO)
    def hello(message: Message, context: Context) -> Message:
        """Say which clients are here."""
        told = message.content.config_records[HELLO]
        try:
            with one_thread():
                node = _node(str(told["config"]), context, here, own)
            clients = node.population.clients
            found: dict[str, Any] = {
                "wrong": "",
                "clients": [client.id for client in clients],
                "modalities": ["+".join(client.modalities) for client in clients],
                "train": [len(client.train) for client in clients],
                "test": [len(client.test) for client in clients],
            }
        except UserError as error:
            found = {"wrong": str(error)}
        return Message(RecordDict({HELLO: ConfigRecord(found)}), reply_to=message)

    @app.train()
    def visit(message: Message, context: Context) -> Message:
        """Carry out an order."""
        return _carried_out(message, context, here, own)

    @app.query()
    def ask(message: Message, context: Context) -> Message:
        """Answer a question."""
        return _carried_out(message, context, here, own)

    return app


def _carried_out(message: Message, context: Context, here: Path, load: Load) -> Message:
    client = -1
    try:
        order, run, config = order_in(message.content)
        client = order.client
        with one_thread():
            node = _node(config, context, here, load)
            answer = Answer(client, node.carry_out(order, _store(context, run, client)))
    except CounterpointError as error:
        LOG.warning("client %d cannot do what it was asked: %s", client, error)
        answer = Answer(client, failed=str(error))
    return Message(of_answer(answer), reply_to=message)


def _store(context: Context, run: str, client: int) -> Store:
    """Where a client remembers: a folder that its node names, which outlives the node, or else the node's own state."""
    folder = context.node_config.get("state") or _beside_run(context)
    if folder:
        return FolderStore(Path(str(folder)) / run / f"client-{client}.safetensors")
    return ContextStore(context, f"{run}/{client}")


def _beside_run(context: Context) -> str:
    """In a simulation whose run folder is named, clients remember in it, so that it can go on."""
    settings = AppSettings.of(context.run_config)
    return "" if settings.sites or not settings.out else str(Path(settings.out) / "clients")


def _node(config: str, context: Context, here: Path, load: Load) -> AtNode:
    """The engine for the clients of this node; made once a process."""
    sites = AppSettings.of(context.run_config).sites
    return _made(config, here, str(here / sites) if sites else "", tuple(sorted(context.node_config.items())), load)


@lru_cache(maxsize=2)
def _made(config: str, here: Path, sites: str, node: tuple[tuple[str, Any], ...], load: Load) -> AtNode:
    run = checked(tomllib.loads(config), "the server's configuration: ")
    settings = dict(node)
    population = _site(run, Agreement.read(Path(sites)), settings, load) if sites else _shared(run, settings)
    method = chosen_method(run, find_method(method_at(run.method, here)))
    population, model = assembled(run, method, population)
    device = str(settings.get("device", run.device))
    check_device(device)
    return AtNode(
        population,
        method,
        model,
        run.train,
        rounds=run.rounds,
        participation=run.participation,
        seed=run.seed,
        device=device,
        exchange=run.exchange,
        network=run.network,
        simulate=run.simulate,
    )


def _shared(run: RunConfig, node: NodeConfig) -> Population:
    """Of data that everyone can make, the clients of this node: of N nodes the k-th has clients k, k + N, ...

    Raises:
        UserError: the node does not know its place.
    """
    try:
        place, of = int(node["partition-id"]), int(node["num-partitions"])
    except (KeyError, ValueError) as error:
        raise UserError(
            "this node does not know its share of the data: start it with --node-config 'partition-id=K"
            " num-partitions=N'"
        ) from error
    population = population_of(run, run.data.name)
    return replace(population, clients=tuple(c for c in population.clients if c.id % of == place))


def _site(run: RunConfig, agreement: Agreement, node: NodeConfig, load: Load) -> Population:
    """What a site has of its own.

    Raises:
        UserError: it is not as agreed, or the node does not know which site it is.
    """
    try:
        number = int(node["site"])
        site = agreement.sites[number]
    except (KeyError, ValueError) as error:
        raise UserError(
            f"this node does not know which site it is: start it with --node-config 'site=K', K from 0 to"
            f" {len(agreement.sites) - 1}"
        ) from error
    dataset = site_dataset(load(node), agreement.classes)
    found = site_population(dataset, agreement.modalities, agreement.classes, client=number, seed=run.seed)
    (client,) = found.clients
    if client.modalities != tuple(sorted(site.modalities)):
        raise UserError(f"site {number} has {', '.join(client.modalities)}, and agreed is {', '.join(site.modalities)}")
    proxy = str(node.get("proxy", ""))
    return replace(found, proxy=unlabelled(agreement.rows(proxy)) if proxy else None)


def _folder(node: NodeConfig) -> str:
    """The folder with a site's data.

    Raises:
        UserError: the node does not say.
    """
    if not node.get("data"):
        raise UserError("this node does not say where its data is: start it with --node-config 'data=\"FOLDER\"'")
    return str(node["data"])
