"""What a pinned file is, and what is said when it cannot be had."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from counterpoint.data.cache import cache_folder
from counterpoint.errors import UserError

Registry = Literal["pip", "npm", "apt"]


@dataclass(frozen=True)
class Pin:
    """One file of a package registry.

    Attributes:
        registry: whose client fetches it.
        requirement: what the client is asked for, one exact version: `seglearn==1.2.5` (pip), `emoji@16.0.0` (npm),
            `openclipart-png=1:0.18+dfsg-19` (apt).
        filename: of the file in the cache.
        sha256: of the file, as 64 hexadecimal digits.
    """

    registry: Registry
    requirement: str
    filename: str
    sha256: str


def download_path(filename: str) -> Path:
    """Tell where a download lies in the cache, whether it is there or not."""
    return cache_folder() / "downloads" / filename


def by_hand() -> str:
    """What a user can do without the client."""
    return f"or copy the file into {download_path('')} by hand"


def no_client(pin: Pin, why: str, install: str) -> UserError:
    """Say that the client that would fetch a file is not there.

    Args:
        pin: of the file.
        why: what is not there.
        install: how to get it.
    """
    return UserError(f"cannot download {pin.filename}, because {why}: {install} and run again, {by_hand()}.")


def failed(pin: Pin, reason: str) -> UserError:
    """Say that a client could not fetch a file."""
    return UserError(
        f"cannot download {pin.filename} ({reason}): check the network and {pin.registry}'s settings and run again, "
        f"{by_hand()}."
    )


def wrong_download(pin: Pin) -> UserError:
    """Say that another file came than the pinned one."""
    return UserError(
        f"the download of {pin.filename} is not the pinned file (its SHA-256 is not {pin.sha256}): nothing of it was "
        f"used or kept; check where {pin.registry} downloads from and run again, {by_hand()}."
    )
