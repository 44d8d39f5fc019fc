"""Who is there at Flower's nodes, and what is done with what they say."""

import logging
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

import pytest
from flwr.app import ConfigRecord, Error, Message, RecordDict
from flwr.serverapp import Grid
from flwr.supercore.task_identity import TaskIdentity

from counterpoint.engines.flower.grid import HELLO, NodeSites
from counterpoint.engines.flower.order import Answer, Order
from counterpoint.engines.flower.records import of_answer
from counterpoint.errors import UserError
from counterpoint.exchange import Weights, encode

Reply = Callable[[Message], RecordDict | Error | None]
DATA = encode(Weights({}))


class ScriptedGrid(Grid):
    """Nodes that reply as a test says; None is silence."""

    def __init__(self, nodes: dict[int, Reply]) -> None:
        self.nodes = nodes
        self.names = map(str, count())
        self.waiting: dict[str, Message] = {}
        self.asked: list[int] = []
        self.pushes_taken = True

    def set_run(self, run: Any) -> None: ...

    @property
    def run(self) -> Any: ...

    def create_message(self, *args: Any, **kwargs: Any) -> Message:
        raise AssertionError

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> Iterable[Message]:
        raise AssertionError

    def get_node_ids(self) -> Iterable[int]:
        return list(self.nodes)

    def push_messages(self, messages: Iterable[Message]) -> Iterator[str]:
        assert [*messages], "Flower's link reads them twice, and refuses none at all"
        for message in messages:
            self.asked.append(message.metadata.dst_node_id)
            name = next(self.names)
            message.metadata.__dict__["_message_id"] = name
            self.waiting[name] = message
            yield name if self.pushes_taken else ""

    def pull_messages(self, message_ids: Iterable[str]) -> Iterator[Message]:
        for name in list(message_ids):
            message = self.waiting[name]
            reply = self.nodes.get(message.metadata.dst_node_id, lambda _: None)(message)
            if reply is not None:
                yield Message(reply, reply_to=message)


def holds(*clients: int, modalities: str = "acc+gyro", wrong: str = "", **more: Any) -> Reply:
    """A node that holds clients, and answers every order with an empty package."""
    columns = {
        "clients": list(clients),
        "modalities": [modalities] * len(clients),
        "train": [5] * len(clients),
        "test": [2] * len(clients),
    }
    told = ConfigRecord({"wrong": wrong, **columns, **more})

    def reply(message: Message) -> RecordDict:
        if message.metadata.message_type == f"query.{HELLO}":
            return RecordDict({HELLO: told})
        return of_answer(Answer(0, DATA))

    return reply


@pytest.fixture
def sites() -> Callable[..., tuple[NodeSites, ScriptedGrid]]:
    TaskIdentity.run_id, TaskIdentity.node_id, TaskIdentity.task_id = 1, 1, 1

    def make(nodes: dict[int, Reply], clients: int = 3, **settings: Any) -> tuple[NodeSites, ScriptedGrid]:
        grid = ScriptedGrid(nodes)
        roster = dict.fromkeys(range(clients), ("acc", "gyro"))
        return NodeSites(grid, "a run", "seed = 0", roster, **({"deadline": 0.2} | settings)), grid

    return make


def order(client: int) -> Order:
    return Order(client, "local", 1, 1, ("acc", "gyro"), "Weights", DATA)


def test_nodes_say_once_whom_they_hold(sites: Any):
    found, grid = sites({10: holds(0, 2), 11: holds(1)})
    assert found.there() == [0, 1, 2]
    assert found.there() == [0, 1, 2]
    assert sorted(grid.asked) == [10, 11]
    assert found.held[2].node == 10
    assert sorted(found.testable()) == [0, 1, 2]


def test_one_that_comes_late_is_taken_in_and_one_that_goes_is_missed(sites: Any):
    found, grid = sites({10: holds(0, 2)})
    assert found.there() == [0, 2]
    grid.nodes[11] = holds(1)
    assert found.there() == [0, 1, 2]
    del grid.nodes[10]
    assert found.there() == [1]
    grid.nodes[12] = holds(0)
    assert found.there() == [0, 1], "another node holds its client now"


def test_one_that_says_nothing_holds_nobody_and_is_not_waited_for(sites: Any, monkeypatch: pytest.MonkeyPatch):
    found, grid = sites({10: lambda _: None, 11: holds(1)})
    assert found.there() == [1]
    assert found.there() == [1]
    assert sorted(grid.asked) == [10, 11], "it has time to answer"
    grid.nodes[10] = holds(0)
    assert found.there() == [0, 1]
    grid.nodes[12] = lambda _: None
    assert found.there() == [0, 1]
    monkeypatch.setattr("counterpoint.engines.flower.grid.HELLO_SECONDS", 0.0)
    assert found.there() == [0, 1]
    assert grid.asked == [10, 11, 12, 12], "it is asked again later"


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (holds(0, wrong="the data is not there"), "node 10 is left out: the data is not there"),
        (holds(7), "node 10 holds a client 7, which the run does not have"),
        (holds(0, modalities="acc"), "client 0 has acc, and agreed is acc, gyro: left out"),
        (holds(0, train=["many"]), "node 10 is left out: what it says of itself is not understood"),
        (holds(0, clients=[0, 1]), "node 10 is left out: what it says of itself is not understood"),
        (lambda _: RecordDict(), "node 10 is left out: what it says of itself is not understood"),
        (lambda _: Error(2, "Traceback\n\nOSError: no disk"), "node 10 is left out: OSError: no disk"),
        (lambda _: Error(2, ""), "node 10 is left out: no reason given"),
    ],
)
def test_one_that_is_not_as_agreed_is_left_out(
    reply: Reply, complaint: str, sites: Any, caplog: pytest.LogCaptureFixture
):
    found, _ = sites({10: reply, 11: holds(2)})
    with caplog.at_level(logging.WARNING, "counterpoint"):
        there = found.there()
    assert complaint in caplog.text
    assert set(there) <= {0, 2}
    assert 2 in there


def test_a_client_is_at_one_node(sites: Any, caplog: pytest.LogCaptureFixture):
    found, _ = sites({10: holds(0), 11: holds(0, 1)})
    with caplog.at_level(logging.WARNING, "counterpoint"):
        assert found.there() == [0, 1]
    assert "nodes 10 and 11 both hold client 0: the second is left out" in caplog.text
    assert found.held[0].node == 10


def test_answers_come_from_those_who_were_asked(sites: Any):
    found, grid = sites({10: holds(0), 11: holds(1)})
    found.there()
    assert {a.client: a.failed for a in found.send([order(0), order(1)])} == {0: None, 1: None}
    assert grid.asked[2:] == [10, 11]
    assert list(found.send([])) == []


def test_a_node_of_several_clients_gets_one_order_at_a_time(sites: Any):
    found, grid = sites({10: holds(0, 2), 11: holds(1)})
    found.there()
    open_at: list[list[int]] = []
    pull = grid.pull_messages

    def watched(names: Iterable[str]) -> Iterator[Message]:
        names = list(names)
        open_at.append(sorted(grid.waiting[name].metadata.dst_node_id for name in names))
        return pull(names)

    grid.pull_messages = watched
    assert sorted(a.client for a in found.send([order(0), order(1), order(2)])) == [0, 1, 2]
    assert open_at == [[10, 11], [10]]


def test_an_error_is_told_by_its_last_line(sites: Any):
    found, grid = sites({10: holds(0)})
    found.there()
    grid.nodes[10] = lambda _: Error(2, "Traceback:\n  in local\nMemoryError: too much\n")
    (answer,) = found.send([order(0)])
    assert answer.failed == "its node failed: MemoryError: too much"


def test_nobody_is_waited_for_longer_than_the_deadline(sites: Any):
    from time import monotonic

    found, grid = sites({10: holds(0), 11: holds(1)})
    found.there()
    grid.nodes[10] = lambda _: None
    begun = monotonic()
    assert [answer.client for answer in found.send([order(0), order(1)])] == [1]
    assert 0.2 <= monotonic() - begun < 5


def test_a_node_that_goes_is_not_waited_for(sites: Any, monkeypatch: pytest.MonkeyPatch):
    from time import monotonic

    monkeypatch.setattr("counterpoint.engines.flower.grid.LOOK_AROUND", 0.1)
    found, grid = sites({10: holds(0)}, deadline=60.0)
    found.there()
    del grid.nodes[10]
    begun = monotonic()
    assert list(found.send([order(0)])) == []
    assert monotonic() - begun < 10


def test_messages_that_the_link_did_not_take_are_not_waited_for(sites: Any, caplog: pytest.LogCaptureFixture):
    found, grid = sites({10: holds(0)}, deadline=60.0)
    found.there()
    grid.pushes_taken = False
    with caplog.at_level(logging.WARNING, "counterpoint"):
        assert list(found.send([order(0)])) == []
    assert "the link took 0 of 1 messages" in caplog.text


def test_it_begins_when_all_are_there_or_enough_after_a_while(sites: Any, caplog: pytest.LogCaptureFixture):
    found, _ = sites({10: holds(0, 1, 2)})
    found.wait(3, patience=0.0)
    found, _ = sites({10: holds(0, 2)})
    with caplog.at_level(logging.WARNING, "counterpoint"):
        found.wait(2, patience=0.1)
    assert "beginning without clients 1" in caplog.text
    with pytest.raises(UserError, match=r"2 of 3 clients were there after 0\.1 s, and at least 3 are needed"):
        found.wait(3, patience=0.1)
