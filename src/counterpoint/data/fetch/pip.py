"""Wheels from a Python package index, through pip."""

import sys
from pathlib import Path

from counterpoint.data.fetch.client import run
from counterpoint.data.fetch.pin import Pin, failed, no_client, wrong_download
from counterpoint.errors import UserError

PIP_DOWNLOAD = [
    *("download", "--no-deps", "--only-binary=:all:", "--require-hashes"),
    *("--retries", "1", "--timeout", "20"),
    *("--disable-pip-version-check", "--no-input", "-q"),
]


def pip_download(pin: Pin, folder: Path) -> Path:
    """Let pip put the wheel into a folder. What pip says stays off the terminal.

    Raises:
        UserError: there is no pip, or it failed.
    """
    pinned = folder / "requirements.txt"
    pinned.write_text(f"{pin.requirement} --hash=sha256:{pin.sha256}\n", encoding="utf-8")
    command = [sys.executable, "-P", "-m", "pip", *PIP_DOWNLOAD, "-d", str(folder), "-r", str(pinned)]
    try:
        pip = run(command)
    except OSError as error:
        raise _no_pip(pin) from error
    arrived = folder / pin.filename
    if pip.returncode == 0 and arrived.exists():
        return arrived
    if "No module named pip" in pip.stderr:
        raise _no_pip(pin)
    if "DO NOT MATCH THE HASHES" in pip.stderr:
        raise wrong_download(pin)
    said = [line.removeprefix("ERROR: ") for line in pip.stderr.splitlines() if line.startswith("ERROR: ")]
    raise failed(pin, said[-1].partition(" (from -r")[0].strip() if said else f"pip ended with {pip.returncode}")


def _no_pip(pin: Pin) -> UserError:
    return no_client(pin, f"{sys.executable or 'this Python'} has no pip", "install pip (`python -m ensurepip`)")
