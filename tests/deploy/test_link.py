"""The link takes orders from its own machine alone."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from counterpoint.deploy.link import OwnMachineAlone, from_here, serve

CONTROL = ("/v1/control/register-node", "/v1/control/start-run", "/v1/runtime/push-messages", "/docs", "/v1/fleetx")
FOR_NODES = ("/v1/fleet/activate-node", "/health")


def asked(path: str, client: str) -> int:
    app = FastAPI(docs_url=None)

    @app.post("/{rest:path}")
    def there(rest: str) -> str:
        return rest

    app.add_middleware(OwnMachineAlone)
    with TestClient(app, client=(client, 50_000)) as caller:
        return caller.post(path).status_code


@pytest.mark.parametrize("path", CONTROL)
@pytest.mark.parametrize("client", ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "somewhere"])
def test_others_may_not_give_orders(path: str, client: str):
    assert asked(path, client) == 403


@pytest.mark.parametrize("path", FOR_NODES)
def test_nodes_may_come_from_anywhere(path: str):
    assert asked(path, "192.0.2.1") == 200


@pytest.mark.parametrize("client", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_its_own_machine_may(client: str):
    assert asked(CONTROL[0], client) == 200


@pytest.mark.parametrize(
    ("client", "server", "here"),
    [
        (("192.0.2.7", 1), ("192.0.2.7", 8443), True),
        (("192.0.2.8", 1), ("192.0.2.7", 8443), False),
        (None, ("192.0.2.7", 8443), False),
        (None, None, False),
    ],
)
def test_what_is_its_own_machine(client: Any, server: Any, here: bool):
    assert from_here({"type": "http", "client": client, "server": server}) is here


def test_a_socket_of_others_is_closed():
    app = FastAPI()

    @app.websocket("/v1/control/stream")
    async def there(socket: Any) -> None:
        await socket.accept()

    app.add_middleware(OwnMachineAlone)

    with (
        TestClient(app, client=("192.0.2.1", 1)) as caller,
        pytest.raises(WebSocketDisconnect),
        caller.websocket_connect("/v1/control/stream"),
    ):
        pass


@pytest.fixture
def signals() -> Iterator[None]:
    """Flower takes over what happens at Ctrl-C."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
def test_the_superlink_is_served_with_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """All of Flower's SuperLink, as it is about to listen."""
    from flwr.superlink import main
    from flwr.superlink.cli import flower_superlink

    served: list[FastAPI] = []
    monkeypatch.setattr(main, "create_app", main.create_app)
    monkeypatch.setattr("sys.argv", ["pytest"])
    monkeypatch.setenv("FLWR_TELEMETRY_ENABLED", "0")
    monkeypatch.setenv("FLWR_DISABLE_UPDATE_CHECK", "1")
    monkeypatch.setenv("FLWR_HOME", str(tmp_path))
    module = sys.modules[flower_superlink.__module__]
    monkeypatch.setattr(module.uvicorn, "run", lambda app, **_: served.append(app))
    serve(["--insecure", "--host", "127.0.0.1", "--port", "1"])
    (app,) = served
    assert next(entry.cls for entry in app.user_middleware) is OwnMachineAlone
