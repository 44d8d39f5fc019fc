"""The files of a network of peers on this machine: certificates, and what each peer has to know."""

import random
import socket
from pathlib import Path
from typing import Any

import tomli_w

from counterpoint.data.population import Population
from counterpoint.engines.zenoh.certificates import make_authority, make_certificate
from counterpoint.errors import UserError
from counterpoint.runs import RunConfig
from counterpoint.simulate.topology import parse_topology
from counterpoint.storage import write_atomically

PORTS = range(24000, 32000)
"""Ports that peers listen at."""


def write_network(
    folder: Path, run: RunConfig, population: Population, *, deadline: float, patience: float
) -> list[Path]:
    """Write everything that the peers of a run on this machine need; returns the file of each.

    `keys/` holds an authority and a certificate a peer, `peer-N.toml` what peer N has to know, `peer-N/` will hold its
    state. Peers listen at free ports of the loopback interface, and know where their neighbours of the first round are.

    Args:
        folder: new or empty.
        run: of all peers.
        population: of the run: a peer a client.
        deadline: seconds that a round waits.
        patience: seconds that peers wait for each other at the start.

    Raises:
        UserError: there is something in the folder.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is there already and is not an empty folder: choose another --out")
    keys = folder / "keys"
    make_authority(keys)
    ids = [client.id for client in population.clients]
    graph = parse_topology(run.network.topology).graph(len(ids), seed=run.seed, round=1)
    ports = free_ports(len(ids))
    paths = []
    for me in ids:
        make_certificate(keys, f"peer-{me}")
        near = graph.neighbours(me)
        members: dict[str, Any] = {}
        for client, port in zip(population.clients, ports, strict=True):
            members[str(client.id)] = {"modalities": list(client.modalities)}
            if client.id in near:
                members[str(client.id)]["endpoint"] = f"tls/127.0.0.1:{port}"
        told = {
            "id": me,
            "network": "demo",
            "state": f"peer-{me}",
            "listen": [f"tls/127.0.0.1:{ports[me]}"],
            "deadline": deadline,
            "patience": patience,
            "tls": {"authority": "keys/ca.crt", "certificate": f"keys/peer-{me}.crt", "key": f"keys/peer-{me}.key"},
            "peers": members,
            "run": run.model_dump(mode="json", exclude_none=True),
        }
        paths.append(folder / f"peer-{me}.toml")
        write_atomically(paths[-1], tomli_w.dumps(told).encode())
    return paths


def free_ports(count: int, among: range = PORTS) -> list[int]:
    """Ports of the loopback interface that nobody uses just now, and that no connection gets by chance.

    Systems give connections ports from 32768 on; one that is free now might be such a one when a peer comes to listen.

    Args:
        count: how many.
        among: which may be taken.

    Raises:
        UserError: there are not so many.
    """
    found: list[int] = []
    for port in random.SystemRandom().sample(among, len(among)):
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise UserError(f"there are no {count} free ports from {among.start} to {among.stop} here: end what uses them")
