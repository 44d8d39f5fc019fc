"""Packages of Debian, through apt-get; nothing is installed."""

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from counterpoint.data.fetch.client import run
from counterpoint.data.fetch.pin import Pin, failed, no_client
from counterpoint.data.progress import tell
from counterpoint.errors import UserError

MAGIC = b"!<arch>\n"
FILES = b"data.tar"
"""How the name of the part of a package begins that holds its files; how they are compressed follows."""


def apt_download(pin: Pin, folder: Path) -> Path:
    """Let apt-get put the package into a folder; no right to install anything is needed.

    Raises:
        UserError: there is no apt-get, it knows no such version, or it failed.
    """
    try:
        apt = run(["apt-get", "download", "-q", "-o", "APT::Sandbox::User=", pin.requirement], folder)
    except OSError as error:
        install = f"install apt, which Debian brings (there, `apt-get download {pin.requirement}` gives the file)"
        raise no_client(pin, "there is no apt-get", install) from error
    packages = list(folder.glob("*.deb"))
    if apt.returncode == 0 and len(packages) == 1:
        return packages[0]
    said = [line.removeprefix("E: ") for line in apt.stderr.splitlines() if line.startswith("E: ")]
    reason = said[0] if said else f"apt-get ended with {apt.returncode}"
    if "Unable to locate" in reason or "was not found" in reason:
        reason += "; `apt-get update` may help"
    raise failed(pin, reason)


@contextmanager
def unpacked(package: Path) -> Iterator[tarfile.TarFile]:
    """The files of a package as a stream of tar members, which can be read once, in order.

    Raises:
        UserError: it is no package of Debian, or it is damaged.
    """
    try:
        with package.open("rb") as file, tarfile.open(fileobj=_Files(file, package.name), mode="r|*") as archive:
            yield archive
        tell(f"unpacking {package.name}", 1, 1)
    except (tarfile.ReadError, EOFError) as error:
        raise UserError(f"{package} is no package of Debian that can be unpacked ({error}): delete it.") from error


class _Files(io.RawIOBase):
    """The part of a package that holds its files.

    A package is an ar archive: a magic word, then parts, each with 60 bytes before it (name in the first 16, size in
    decimal in the ten from byte 48 on) and beginning at an even place.
    """

    def __init__(self, package: IO[bytes], label: str) -> None:
        self.package = package
        self.label = label
        if package.read(len(MAGIC)) != MAGIC:
            raise tarfile.ReadError("it is no archive")
        while len(header := package.read(60)) == 60 and header[48:58].strip().isdigit():
            self.left = int(header[48:58])
            if header.startswith(FILES):
                self.size = self.left
                return
            package.seek(self.left + self.left % 2, io.SEEK_CUR)
        raise tarfile.ReadError("it holds no files")

    def read(self, size: int = -1) -> bytes:
        """At most so many of the bytes that are left, or all of them."""
        data = self.package.read(self.left if size < 0 else min(size, self.left))
        self.left -= len(data)
        tell(f"unpacking {self.label}", min(self.size - self.left, self.size - 1), self.size)
        return data
