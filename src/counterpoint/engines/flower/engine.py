"""The engine of a server whose clients are elsewhere: at the nodes of Flower, in simulation or at real sites."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from counterpoint.engines.flower.order import Answer, Order, Sites, kinds
from counterpoint.engines.sequential import Sequential
from counterpoint.engines.wire import Wire
from counterpoint.errors import PackageError, UserError
from counterpoint.exchange.many import Many
from counterpoint.exchange.package import Package
from counterpoint.exchange.settings import ExchangeSettings

UNANSWERED = ("unanswered", "clients:sum")
"""A note of a round: how many orders of it got no answer in time, or an error."""


class OverFlower(Sequential):
    """Runs the server's program here and local programs at sites.

    Visits go out as orders, all at once; answers are taken in the order of client ids as soon as they are there, so
    that sums are the same every time. Who does not answer before the deadline, or answers with an error, is left out,
    counted and named in the log; the round goes on. When all answer, everything is as on the sequential engine, within
    1e-5: programs, batches and bytes are the same.

    What clients remember stays at their sites, so `memories` are the server's alone.

    Args:
        sites: carries orders and answers.
        args: as `Engine` takes them; of clients whose data is not here, the population has modalities alone.
        kwargs: as `Engine` takes them.
    """

    name: ClassVar[str] = "flower"
    saves_each_round: ClassVar[bool] = True

    def __init__(self, *args: Any, sites: Sites, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.method.model_kind == "peer":
            raise UserError(
                f"{self.method.name} has no server, and Flower is made of one: run it with counterpoint run, or on real"
                " devices with counterpoint peer"
            )
        self._sites = sites
        self._plain = Wire(self.model, ExchangeSettings())

    @property
    def max_bytes(self) -> int:
        """How long a package may be."""
        return self._wire.max_bytes

    @property
    def testable(self) -> list[int]:
        """The clients that have a test of their own."""
        return sorted(self._sites.testable())

    def _visit(
        self, program: str, clients: Sequence[int], packages: Mapping[int, Package], occasion: str
    ) -> Iterator[tuple[int, Many[Package] | None]]:
        _, sent = kinds(type(self.method), program)
        there = set(self._sites.there())
        orders = []
        for client in clients:
            if client in there:
                data, by_block = self._wire.packed(packages[client], self._now[client])
                self.log.count("down", client, by_block)
                kind = type(packages[client]).__name__
                orders.append(Order(client, program, self.round, self._visits, self._now[client], kind, data))
        for client in clients:
            if client not in there:
                self._unanswered(client, "its site is not there")
                yield 1, None
        for answer in _in_order(orders, self._sites.send(orders)):
            if answer.failed is not None:
                self._unanswered(answer.client, answer.failed)
                yield 1, None
                continue
            upload = self._taken(answer.client, self._received(answer.client, answer.data), sent)
            yield 1, None if upload is None else Many.of_one(upload)

    def _unanswered(self, client: int, why: str) -> None:
        self.log.refused.append((client, why))
        self.note(UNANSWERED[0], self.log.notes.get(UNANSWERED, 0.0) + 1, UNANSWERED[1])

    def _ask(
        self, program: str, clients: Sequence[int], package: Package, occasion: str
    ) -> Iterator[tuple[int, Package]]:
        _, sent = kinds(type(self.method), program)
        there = set(self._sites.there())
        orders = []
        for client in clients:
            if client in there:
                mine = self._modalities[client]
                data, _ = self._plain.packed(package, mine)
                orders.append(Order(client, program, self.round, 0, mine, type(package).__name__, data))
        for answer in _in_order(orders, self._sites.send(orders)):
            if answer.failed is not None:
                self._unanswered(answer.client, answer.failed)
                continue
            try:
                yield answer.client, self._plain.open(answer.data, sent, self._modalities[answer.client])
            except PackageError as error:
                self._refuse(answer.client, error, answer.data)


def _in_order(orders: Sequence[Order], answers: Iterator[Answer]) -> Iterator[Answer]:
    """The answers in the order of orders, each as soon as it and those before it are there; of none, a failure."""
    early: dict[int, Answer] = {}
    waiting = [order.client for order in orders]
    for answer in answers:
        early[answer.client] = answer
        while waiting and waiting[0] in early:
            yield early.pop(waiting.pop(0))
    for client in waiting:
        yield early.pop(client, Answer(client, failed="it did not answer before the deadline"))
