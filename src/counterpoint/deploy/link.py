"""The link of a federation: Flower's SuperLink, which takes orders from its own machine alone."""

import sys
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

OPEN = ("/v1/fleet/", "/health")
"""What everyone may ask for: nodes prove who they are by their keys there."""
FORBIDDEN = 403


class OwnMachineAlone:
    """Refuses all that is not for nodes, unless it comes from the machine that the link runs on.

    Flower lets everyone who reaches the link's port register keys, start runs and act as the server of one. Nodes need
    none of that.

    Args:
        app: the SuperLink.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or refuse."""
        if scope["type"] == "lifespan" or from_here(scope) or scope.get("path", "").startswith(OPEN):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            words = b"only the machine that the link runs on may ask for this"
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(words)).encode())]
            await send({"type": "http.response.start", "status": FORBIDDEN, "headers": headers})
            await send({"type": "http.response.body", "body": words})
        else:
            await send({"type": "websocket.close", "code": 1008})


def from_here(scope: Scope) -> bool:
    """Whether who asks is on this machine: over the loopback interface, or from the very address that was asked."""
    client, server = (_address(scope.get(end)) for end in ("client", "server"))
    return client is not None and (client.is_loopback or client == server)


def _address(end: Sequence[object] | None) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(str(end[0])) if end else None
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def serve(arguments: Sequence[str]) -> None:
    """Run the link until it is stopped.

    Args:
        arguments: as `flower-superlink` takes them.
    """
    from flwr.superlink import main
    from flwr.superlink.cli import flower_superlink

    make = main.create_app

    def guarded(*args: object, **kwargs: object) -> object:
        app = make(*args, **kwargs)  # type: ignore[arg-type]  # they are handed on as they come
        app.add_middleware(OwnMachineAlone)
        return app

    main.create_app = guarded  # type: ignore[assignment]
    sys.argv = ["flower-superlink", *arguments]
    flower_superlink()
