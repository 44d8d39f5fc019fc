"""Flower apps out of methods: in simulation, and at real sites.

An app is two lines::

    from counterpoint.deploy import client_app, server_app

    app = server_app(__file__)   # in one module, named in pyproject.toml as the app's serverapp
    app = client_app(__file__)   # in another one, its clientapp
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from counterpoint.deploy.client import client_app
    from counterpoint.deploy.server import server_app
    from counterpoint.deploy.shares import share

__all__ = ["client_app", "server_app", "share"]


def __getattr__(name: str) -> Any:
    """Flower is imported by those alone who ask for an app."""
    if name == "client_app":
        from counterpoint.deploy.client import client_app

        return client_app
    if name == "server_app":
        from counterpoint.deploy.server import server_app

        return server_app
    if name == "share":
        from counterpoint.deploy.shares import share

        return share
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
