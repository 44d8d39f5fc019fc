"""Looks at the machine: Flower, programs, the address of the link, and the disk."""

import ipaddress
import os
import re
import shutil
import socket
from importlib import metadata
from pathlib import Path

from counterpoint.deploy.checks.finding import Level, Said
from counterpoint.deploy.files import check_address
from counterpoint.deploy.settings import AppSettings
from counterpoint.errors import UserError

CONF = "federation.conf"
LINK = re.compile(r"^LINK=([\"']?)([^\"'\s#]*)\1", re.MULTILINE)
ANY = "0.0.0.0"


def look_at_flower() -> Said:
    """Whether it is of the version that the extra asks for."""
    from packaging.requirements import Requirement

    there = metadata.version("flwr")
    wanted = [Requirement(text) for text in metadata.requires("counterpoint") or []]
    pins = [one.specifier for one in wanted if one.name == "flwr"]
    if not pins:
        yield (
            Level.WARNING,
            f"this installation does not say whether Flower {there} is the one that Counterpoint works with: install it"
            " again, pip install 'counterpoint[flower]'",
        )
    for pin in pins:
        if not pin.contains(there, prereleases=True):
            yield (
                Level.ERROR,
                f"Flower {there} is installed, and Counterpoint works with {pin}: pip install 'counterpoint[flower]'",
            )
    yield Level.READY, f"Flower {there}"


def look_at_programs(site: int | None) -> Said:
    """Whether the scripts find what they run."""
    environment = os.environ.get("COUNTERPOINT_ENV", "")
    path = os.pathsep.join([*([f"{environment}/bin"] if environment else []), os.environ.get("PATH", "")])
    tools = ["flower-supernode"] if site is not None else ["counterpoint", "flwr"]
    for tool in tools:
        if shutil.which(tool, path=path) is None:
            yield (
                Level.ERROR,
                f"the scripts do not find {tool}: activate the environment that Counterpoint is installed in, or say"
                " COUNTERPOINT_ENV=/path/to/it",
            )
    yield Level.READY, ", ".join(tools)


def address_of(folder: Path) -> tuple[str, int]:
    """Host and port at which sites reach the link.

    Raises:
        UserError: the app does not say.
    """
    try:
        text = (folder / CONF).read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot read {folder / CONF}: {error.strerror}") from error
    found = LINK.search(text)
    if not found:
        raise UserError(f"{folder / CONF} does not say where the link is: write LINK=HOST:PORT in it")
    check_address(found[2])
    host, _, port = found[2].rpartition(":")
    return host.strip("[]"), int(port)


def look_at_address(folder: Path, site: int | None, sites: int) -> Said:
    """Whether the link can be where the app says it is."""
    host, port = address_of(folder)
    if (own := _loopback(host)) and sites > 1:
        yield (
            Level.WARNING,
            f"LINK in {CONF} is {host}, which other machines do not reach: that is for trials on one machine, write"
            " the link's name or address in it",
        )
    if site is None:
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1" if own else ANY, port))
            except OSError as error:
                yield (
                    Level.ERROR,
                    f"the link cannot listen at port {port} ({error.strerror}): unless it is the link that runs,"
                    f" end what uses it, or write another port in {CONF}",
                )
    else:
        try:
            socket.getaddrinfo(host, port)
        except OSError as error:
            yield Level.ERROR, f"the link's name {host} is not known here ({error.strerror}): see LINK in {CONF}"
    yield Level.READY, f"{host}, port {port}"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def look_at_disk(folder: Path, settings: AppSettings, site: int | None) -> Said:
    """Whether what is to be remembered can be written."""
    names = [f"site-{site}-state"] if site is not None else [settings.out or "runs", "link-state"]
    names.append("flower-home")
    for name in names:
        path = folder / Path(name).expanduser()
        while not path.exists() and path != path.parent:
            path = path.parent
        if not path.is_dir():
            yield Level.ERROR, f"{path} is a file, and {name}/ is to be written there: move it away"
        elif not os.access(path, os.W_OK | os.X_OK):
            yield Level.ERROR, f"{name}/ cannot be written in {path}: let this user write there (chmod u+w)"
    yield Level.READY, ", ".join(f"{name}/" for name in names)
