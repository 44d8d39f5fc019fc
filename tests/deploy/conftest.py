"""A link in this process: messages go through a real `ClientApp`, each node with a state of its own."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flwr.app import Context, Error, Message, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid


class NearGrid(Grid):
    """Nodes that answer at once, or not.

    Args:
        app: of the nodes.
        configs: of each node, by id.
        told: settings of the app.

    Attributes:
        contexts: of each node.
        gone: nodes that are offline.
        mute: nodes that never answer.
        broken: nodes whose process dies of an error.
        seen: all messages.
    """

    def __init__(self, app: ClientApp, configs: dict[int, dict[str, Any]], told: dict[str, Any]) -> None:
        self._app = app
        self._waiting: dict[str, Message] = {}
        self.contexts = {
            node: Context(run_id=1, node_id=node, node_config=config, state=RecordDict(), run_config=told)
            for node, config in configs.items()
        }
        self.gone: set[int] = set()
        self.mute: set[int] = set()
        self.broken: set[int] = set()
        self.seen: list[Message] = []
        self.on_push: Callable[[], None] = lambda: None

    def set_run(self, run: Any) -> None:
        raise AssertionError("the server does not choose its run")

    @property
    def run(self) -> Any:
        raise AssertionError("nobody asks")

    def create_message(self, *args: Any, **kwargs: Any) -> Message:
        raise AssertionError("it is deprecated")

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> Iterable[Message]:
        raise AssertionError("it waits three seconds at a time")

    def get_node_ids(self) -> Iterable[int]:
        return [node for node in self.contexts if node not in self.gone]

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        self.on_push()
        assert [*messages], "Flower's link reads them twice, and refuses none at all"
        found = []
        for message in messages:
            name = str(uuid4())
            message.metadata.__dict__["_message_id"] = name
            message.metadata.__dict__["_src_node_id"] = 1
            self._waiting[name] = message
            self.seen.append(message)
            found.append(name)
        return found

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        replies = []
        for name in message_ids:
            message = self._waiting.get(name)
            if message is None or message.metadata.dst_node_id in self.mute | self.gone:
                continue
            del self._waiting[name]
            node = message.metadata.dst_node_id
            if node in self.broken:
                replies.append(Message(Error(code=2, reason="Traceback\n  ...\nOSError: no disk"), reply_to=message))
            else:
                replies.append(self._app(message, self.contexts[node]))
        return replies


@pytest.fixture
def app_folder(tmp_path: Path) -> Path:
    """A module of an app is asked for its file alone."""
    folder = tmp_path / "app"
    folder.mkdir()
    return folder


@pytest.fixture
def near_grid(app_folder: Path) -> Callable[..., NearGrid]:
    from flwr.supercore.task_identity import TaskIdentity

    from counterpoint.deploy import client_app

    TaskIdentity.run_id, TaskIdentity.node_id, TaskIdentity.task_id = 1, 1, 1

    def make(told: dict[str, Any], nodes: int = 3, load: Any = None, **settings: Any) -> NearGrid:
        configs = {100 + n: {"partition-id": n, "num-partitions": nodes, "site": n, **settings} for n in range(nodes)}
        return NearGrid(client_app(str(app_folder / "client.py"), load), configs, told)

    return make
