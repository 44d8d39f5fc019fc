"""Registries' clients replaced by scripts, and packages made here."""

import hashlib
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from counterpoint.data.fetch import Pin, Registry


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Makes a script that is found before any other command of its name."""
    folder = tmp_path / "tools"

    def make(name: str, script: str, shell: str = "#!/bin/sh") -> Path:
        if not folder.exists():
            folder.mkdir()
            monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        path = folder / name
        path.write_text(f"{shell}\n{script}\n")
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def no_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No command is found."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


@pytest.fixture
def pin(cache: Path) -> Callable[..., Pin]:
    """Makes the pin of a file with this content, for an empty cache."""

    def make(registry: Registry, requirement: str, filename: str, content: bytes = b"") -> Pin:
        return Pin(registry, requirement, filename, hashlib.sha256(content).hexdigest())

    return make


@pytest.fixture
def left(cache: Path) -> Callable[[], list[str]]:
    """Lists all that lies among the downloads."""
    return lambda: sorted(str(path.relative_to(cache / "downloads")) for path in (cache / "downloads").rglob("*"))


@pytest.fixture
def make_deb(tmp_path: Path) -> Callable[..., Path]:
    """Builds a package of Debian out of contents by path."""

    def make(files: Mapping[str, bytes], compression: str = "xz") -> Path:
        root = tmp_path / "tiny"
        control = b"Package: tiny\nVersion: 1\nArchitecture: all\nMaintainer: x <x@localhost>\nDescription: tiny\n"
        for name, content in {"DEBIAN/control": control, **files}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
        command = ["dpkg-deb", "--root-owner-group", f"-Z{compression}", "--build", str(root)]
        subprocess.run(command, check=True, capture_output=True)
        return tmp_path / "tiny.deb"

    return make
