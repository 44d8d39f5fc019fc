"""Sites at the nodes of Flower: who is there, orders out, answers in."""

import logging
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flwr.app import ConfigRecord, Message, MessageType, RecordDict
from flwr.serverapp import Grid

from counterpoint.engines.flower.order import Answer, Order
from counterpoint.engines.flower.records import answer_in, of_order
from counterpoint.errors import UserError

LOG = logging.getLogger("counterpoint")
HELLO = "hello"
POLL, POLL_MOST = 0.05, 0.5
"""Seconds between two looks for answers: they grow while none come."""
LOOK_AROUND = 5.0
"""Seconds between two looks at which nodes are still there."""
HELLO_SECONDS = 60.0


@dataclass(frozen=True)
class Held:
    """What a node says of one client.

    Attributes:
        node: its id.
        modalities: of the client.
        train: rows that it trains on.
        test: rows of its own test.
    """

    node: int
    modalities: tuple[str, ...]
    train: int
    test: int


@dataclass
class NodeSites:
    """Clients at the nodes of Flower; see `Sites`.

    A node is asked once, when it is first seen or seen again, which clients it holds; until it has answered it holds
    none. One that comes late, or comes back, is taken in at the next visit after that. Answers are looked for more
    often than `Grid.send_and_receive` does (it waits 3 seconds), and a node that goes is not waited for until the
    deadline; what travels is the same.

    Args:
        grid: of the running `ServerApp`.
        run: name of the run, under which clients remember.
        config: of the run, as TOML.
        roster: by client, its modalities as agreed.
        deadline: seconds that a visit waits for answers.
        max_bytes: how long a package may be.

    Attributes:
        held: by client, what its node said.
    """

    grid: Grid
    run: str
    config: str
    roster: Mapping[int, tuple[str, ...]]
    deadline: float
    max_bytes: int = 2**31
    held: dict[int, Held] = field(default_factory=dict)
    _known: set[int] = field(default_factory=set)
    _greeted: dict[str, tuple[int, float]] = field(default_factory=dict)

    def wait(self, least: int, patience: float) -> None:
        """Wait until all clients are there; after `patience` seconds until `least` are.

        Raises:
            UserError: too few have come.
        """
        begun = time.monotonic()
        while len(here := self.there()) < len(self.roster):
            if time.monotonic() - begun > patience:
                if len(here) >= least:
                    break
                raise UserError(
                    f"{len(here)} of {len(self.roster)} clients were there after {patience:g} s, and at least {least}"
                    " are needed: start more nodes, wait longer (patience) or ask for fewer (min-clients)"
                )
            time.sleep(POLL)
        if missing := sorted(set(self.roster) - set(here)):
            LOG.warning("beginning without clients %s", ", ".join(map(str, missing)))

    def there(self) -> Collection[int]:
        """The clients whose nodes are online and have said that they hold them. Nobody is waited for."""
        online = set(self.grid.get_node_ids())
        self._known &= online
        self._greet(sorted(online - self._known))
        self._hear()
        return sorted(client for client, held in self.held.items() if held.node in online)

    def testable(self) -> Collection[int]:
        """The clients that said they have a test of their own."""
        return [client for client, held in self.held.items() if held.test]

    def send(self, orders: Sequence[Order]) -> Iterator[Answer]:
        """Send orders, one a client, and yield answers as they come."""
        messages = {
            order.client: Message(
                of_order(order, self.run, self.config),
                self.held[order.client].node,
                MessageType.TRAIN if order.visit else MessageType.QUERY,
                ttl=self.deadline,
                group_id=str(order.round),
            )
            for order in orders
        }
        for client, reply in self._replies(messages, self.deadline):
            if reply.has_error():
                yield Answer(client, failed=f"its node failed: {_last_line(str(reply.error.reason))}")
            else:
                yield answer_in(reply.content, client, self.max_bytes)

    def _replies(self, messages: Mapping[int, Message], seconds: float) -> Iterator[tuple[int, Message]]:
        """Replies by client, as they come, until the time is over or nobody is left to answer.

        A node of several clients gets one message at a time: Flower gives a node one state, and of two messages that
        are carried out beside each other it keeps what the later one leaves of it.
        """
        queues: dict[int, deque[int]] = {}
        for client, message in messages.items():
            queues.setdefault(message.metadata.dst_node_id, deque()).append(client)
        waiting = self._push(messages, [queue.popleft() for queue in queues.values()])
        begun = looked = time.monotonic()
        pause = POLL
        while waiting and (now := time.monotonic()) - begun < seconds:
            came = list(self.grid.pull_messages(list(waiting)))
            answered = []
            for reply in came:
                if reply.metadata.reply_to_message_id in waiting:
                    client = waiting.pop(reply.metadata.reply_to_message_id)
                    answered.append(messages[client].metadata.dst_node_id)
                    yield client, reply
            waiting |= self._push(messages, [queues[node].popleft() for node in answered if queues[node]])
            if not came:
                if now - looked > LOOK_AROUND:
                    looked = now
                    online = set(self.grid.get_node_ids())
                    waiting = {i: c for i, c in waiting.items() if messages[c].metadata.dst_node_id in online}
                time.sleep(pause)
            pause = POLL if came else min(POLL_MOST, pause * 1.5)

    def _push(self, messages: Mapping[int, Message], clients: Sequence[int]) -> dict[str, int]:
        """Send the messages of some clients; the clients by name of what was sent."""
        if not clients:
            return {}
        names = list(self.grid.push_messages([messages[client] for client in clients]))
        taken = {name: client for name, client in zip(names, clients, strict=False) if name}
        if len(taken) < len(clients):
            LOG.warning("the link took %d of %d messages", len(taken), len(clients))
        return taken

    def _greet(self, nodes: Sequence[int]) -> None:
        """Ask nodes which clients they hold, unless they were asked just now."""
        now = time.monotonic()
        self._greeted = {name: (node, at) for name, (node, at) in self._greeted.items() if now - at < HELLO_SECONDS}
        asked = {node for node, _ in self._greeted.values()}
        told = ConfigRecord({"config": self.config, "run": self.run})
        new = [node for node in nodes if node not in asked]
        messages = [
            Message(RecordDict({HELLO: told}), node, f"{MessageType.QUERY}.{HELLO}", ttl=HELLO_SECONDS) for node in new
        ]
        if messages:
            names = self.grid.push_messages(messages)
            self._greeted |= {name: (node, now) for name, node in zip(names, new, strict=False) if name}

    def _hear(self) -> None:
        """Take in what nodes said of themselves since."""
        if not self._greeted:
            return
        for reply in self.grid.pull_messages(list(self._greeted)):
            node, _ = self._greeted.pop(reply.metadata.reply_to_message_id, (None, 0.0))
            if node is None:
                continue
            self._known.add(node)
            if reply.has_error():
                LOG.warning("node %d is left out: %s", node, _last_line(str(reply.error.reason)))
                continue
            try:
                self._take(node, dict(reply.content.config_records[HELLO]))
            except (KeyError, TypeError, ValueError) as error:
                LOG.warning("node %d is left out: what it says of itself is not understood (%s)", node, error)

    def _take(self, node: int, told: Mapping[str, Any]) -> None:
        """Take in the clients that a node says it holds, if they are as agreed."""
        if told["wrong"]:
            LOG.warning("node %d is left out: %s", node, told["wrong"])
            return
        columns = zip(told["clients"], told["modalities"], told["train"], told["test"], strict=True)
        for client, names, train, test in columns:
            found = Held(node, tuple(str(names).split("+")), int(train), int(test))
            other = self.held.get(client)
            if client not in self.roster:
                LOG.warning("node %d holds a client %s, which the run does not have: it is left out", node, client)
            elif sorted(found.modalities) != sorted(self.roster[client]):
                agreed = ", ".join(self.roster[client])
                LOG.warning("client %s has %s, and agreed is %s: left out", client, names, agreed)
            elif other is not None and other.node != node and other.node in set(self.grid.get_node_ids()):
                LOG.warning("nodes %d and %d both hold client %s: the second is left out", other.node, node, client)
            else:
                self.held[client] = found


def _last_line(text: str) -> str:
    """What an error says in one line."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
