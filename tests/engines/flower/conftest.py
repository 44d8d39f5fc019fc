"""Nodes without Flower: orders and answers go through its records, and straight to the engine of a node."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from flwr.app import RecordDict

from counterpoint.data import Population
from counterpoint.engines.flower.engine import OverFlower
from counterpoint.engines.flower.node import AtNode
from counterpoint.engines.flower.order import Answer, Order
from counterpoint.engines.flower.records import answer_in, of_answer, of_order, order_in
from counterpoint.engines.flower.store import HeldStore
from counterpoint.errors import CounterpointError
from counterpoint.methods import Method

MANY = 2**30


class NearSites:
    """Nodes in this process; what goes wrong with them is for a test to say.

    Attributes:
        nodes: one by client.
        memories: what clients remember.
        gone: clients whose node is not there.
        mute: clients that do not answer.
        spoil: changes answers on their way.
        backwards: whether the last one asked answers first.
        sent: all orders.
    """

    def __init__(self) -> None:
        self.nodes: dict[int, AtNode] = {}
        self.memories: dict[str, Mapping[str, Any]] = {}
        self.gone: set[int] = set()
        self.mute: set[int] = set()
        self.spoil: Callable[[int, RecordDict], RecordDict] = lambda _, records: records
        self.backwards = True
        self.sent: list[Order] = []

    def there(self) -> Collection[int]:
        return set(self.nodes) - self.gone

    def testable(self) -> Collection[int]:
        return list(self.nodes)

    def send(self, orders: Sequence[Order]) -> Iterator[Answer]:
        for order in reversed(orders) if self.backwards else orders:
            self.sent.append(order)
            if order.client in self.mute:
                continue
            arrived, run, _ = order_in(of_order(order, "a run", "nothing"))
            assert arrived == order
            store = HeldStore(self.memories, f"{run}/{order.client}")
            try:
                answer = Answer(order.client, self.nodes[order.client].carry_out(arrived, store))
            except CounterpointError as error:
                answer = Answer(order.client, failed=str(error))
            yield answer_in(self.spoil(order.client, of_answer(answer)), order.client, MANY)


def remembered(sites: NearSites) -> dict[str, Any]:
    """What clients remember now, by id, as `memories` of other engines has it."""
    found = {name.split("/")[1]: dict(state["after"]) for name, state in sites.memories.items()}
    return {client: values for client, values in found.items() if values}


@pytest.fixture(scope="session")
def far(make_engine: Callable[..., Any]) -> Callable[..., tuple[OverFlower, NearSites]]:
    """A server whose clients are at two nodes, the first of which holds all but client 1."""

    def make(method: Callable[[], Method], population: Population, **settings: Any) -> tuple[OverFlower, NearSites]:
        sites = NearSites()
        engine: OverFlower = make_engine(method(), population, kind=OverFlower, sites=sites, **settings)
        for wanted in ([c for c in engine.clients if c != 1], [1]):
            held = tuple(c for c in population.clients if c.id in wanted)
            node = make_engine(method(), replace(population, clients=held), kind=AtNode, **settings)
            sites.nodes |= dict.fromkeys(wanted, node)
        return engine, sites

    return make


@pytest.fixture(scope="session")
def memories_of() -> Callable[[NearSites], dict[str, Any]]:
    return remembered
