"""Lines on the loopback interface."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from counterpoint.cli.demo.files import free_ports
from counterpoint.engines.zenoh.certificates import make_authority, make_certificate
from counterpoint.engines.zenoh.settings import LineSettings

PEERS = 5


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("cryptography")
    folder = tmp_path_factory.mktemp("keys")
    make_authority(folder)
    for peer in range(PEERS):
        make_certificate(folder, f"peer-{peer}")
    return folder


def files(folder: Path, name: str, authority: Path | None = None) -> dict[str, str]:
    found = {"certificate": f"{folder}/{name}.crt", "key": f"{folder}/{name}.key"}
    return {**found, "authority": f"{authority or folder}/ca.crt"}


@pytest.fixture
def network(keys: Path) -> Iterator[Callable[..., LineSettings]]:
    """Settings of the peers of a complete network that is made once."""
    pytest.importorskip("zenoh")
    ports = free_ports(PEERS)

    def settings(me: int, **changes: Any) -> LineSettings:
        changes = {"tls": files(keys, f"peer-{me}"), **changes}
        scheme = "tcp" if changes.get("insecure") else "tls"
        changes["tls"] = None if changes.get("insecure") else changes["tls"]
        peers = {n: {"endpoint": f"{scheme}/127.0.0.1:{port}", "name": f"peer-{n}"} for n, port in enumerate(ports)}
        told = {
            "id": me,
            "run": "test",
            "peers": peers,
            "listen": [peers[me]["endpoint"]],
            "deadline": 20,
            "patience": 10,
        }
        return LineSettings(**{**told, **changes})

    yield settings
