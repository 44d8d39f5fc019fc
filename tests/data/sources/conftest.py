"""Tiny packages in the official layout, in place of the real downloads."""

import hashlib
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from counterpoint.data.fetch import download_path


@pytest.fixture
def make_deb(tmp_path: Path) -> Callable[..., Path]:
    """Builds a Debian package out of contents by path (without the leading slash); a Path is a symbolic link."""

    def make(files: Mapping[str, bytes | Path]) -> Path:
        root = tmp_path / "package"
        control = (
            b"Package: tiny\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\nDescription: tiny\n"
        )
        for name, content in ({"DEBIAN/control": control} | dict(files)).items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(content) if isinstance(content, Path) else path.write_bytes(content)
        command = ["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", str(root), str(tmp_path / "tiny.deb")]
        subprocess.run(command, check=True, capture_output=True)
        return tmp_path / "tiny.deb"

    return make


@pytest.fixture
def pinned_deb(
    cache: Path, make_deb: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[[ModuleType, Mapping[str, bytes | Path]], Path]:
    """Puts a tiny package where a source, whose PIN then tells its hash, looks for its download: nothing is fetched."""

    def put(source: ModuleType, files: Mapping[str, bytes | Path]) -> Path:
        made = make_deb(files)
        sha256 = hashlib.sha256(made.read_bytes()).hexdigest()
        monkeypatch.setattr(source, "PIN", replace(source.PIN, sha256=sha256))
        path = download_path(source.PIN.filename)
        path.parent.mkdir(parents=True, exist_ok=True)
        return made.rename(path)

    return put
