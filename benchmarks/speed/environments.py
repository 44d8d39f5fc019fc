"""Environments of the rivals: each framework in one of its own, made once and kept."""

import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")


@dataclass(frozen=True)
class Rival:
    """A framework on the package index.

    Attributes:
        package: its name there.
        version: the one that is measured.
        extra: what is asked for with it.
        without: what it brings that must go.
    """

    package: str
    version: str
    extra: str = ""
    without: tuple[str, ...] = ()

    @property
    def requirement(self) -> str:
        """For pip."""
        return f"{self.package}{self.extra}=={self.version}"


RIVALS = {
    "pfl": Rival("pfl", "0.6.0", "[pytorch]"),
    "fluke": Rival("fluke-fl", "0.8.1", without=("torchvision",)),
    "flower": Rival("flwr", "1.41.0", "[simulation]"),
}


def ensure(name: str, folder: Path) -> Path:
    """The interpreter of a rival's environment, which is made where it is not there or not whole.

    Raises:
        RuntimeError: it cannot be made; says why.
    """
    rival, home = RIVALS[name], folder / name
    python = home / "bin" / "python"
    if installed(python, rival.package) == rival.version:
        return python
    torch = f"torch=={version('torch').partition('+')[0]}"
    run([sys.executable, "-m", "venv", str(home)])
    run([str(python), *PIP, "install", torch])
    run([str(python), *PIP, "install", torch, rival.requirement])
    for package in rival.without:
        run([str(python), *PIP, "uninstall", "--yes", package])
    return python


def installed(python: Path, package: str) -> str:
    """The version of a package in an environment, empty if it is not there."""
    if not python.exists():
        return ""
    asked = f"import importlib.metadata as m; print(m.version({package!r}))"
    return subprocess.run([str(python), "-c", asked], capture_output=True, text=True, check=False).stdout.strip()


def run(command: list[str]) -> None:
    """Run a command.

    Raises:
        RuntimeError: it failed; says its last line.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError((done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1])
