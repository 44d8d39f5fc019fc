"""The engine at a site: it carries out orders for the clients whose data is there."""

from typing import ClassVar

from counterpoint.engines.flower.order import Order, kinds, of_kind
from counterpoint.engines.flower.store import Store
from counterpoint.engines.memory import ClientMemory
from counterpoint.engines.sequential import Sequential
from counterpoint.engines.wire import Wire
from counterpoint.errors import CounterpointError
from counterpoint.exchange.settings import ExchangeSettings


class AtNode(Sequential):
    """Runs local programs for one client or more, as orders come.

    It has no server's program: the state of a method lives at the server. Memory is handed to it with each order.
    """

    name: ClassVar[str] = "flower"

    def carry_out(self, order: Order, store: Store) -> bytes:
        """The answer to an order, encoded; what the client remembers is in the store by then.

        Args:
            order: for a client whose data is here.
            store: of what that client remembers.

        Raises:
            PackageError: the package must not be used, or the answer cannot be sent in the agreed precision.
            CounterpointError: the client is not here, lacks a modality, or there is no such program.
        """
        mine = self._modalities.get(order.client)
        if mine is None:
            raise CounterpointError(f"there is no client {order.client} at this site")
        if lacking := sorted(set(order.modalities) - set(mine)):
            raise CounterpointError(f"client {order.client} has no {lacking[0]}")
        got, _ = kinds(type(self.method), order.program)
        wire = self._wire if order.visit else Wire(self.model, ExchangeSettings())
        received = wire.unpacked(order.data, of_kind(got, order.kind))
        self.round = order.round
        self._now = {**self._modalities, order.client: order.modalities}
        self._memories[order.client] = ClientMemory(store.before(order.round, order.visit))
        memory = self._memory_now(order.client) if order.visit else self._memory(order.client)
        result = self._run(order.program, order.client, received, memory, order.occasion, order.modalities)
        if not order.visit:
            return wire.seal(result)
        if self.model.buffers == "local":
            self._keep_buffers(memory, result)
        self._keep(order.client, memory)
        data = wire.seal(result)
        store.keep(order.round, order.visit, self._memory(order.client).values)
        return data
