"""Tarballs from npm: a registry of one package, served from this machine, and scripts in place of npm."""

import base64
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from counterpoint.data.fetch import Pin, fetch
from counterpoint.data.fetch.npm import npm_download
from counterpoint.errors import UserError

needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
FILE = "tiny-datasource-1.0.0.tgz"


def tarball() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        content = json.dumps({"name": "tiny-datasource", "version": "1.0.0"}).encode()
        member = tarfile.TarInfo("package/package.json")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return made.getvalue()


CONTENT = tarball()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings and no cache of npm but a test's own."""
    for name, value in (("cache", tmp_path / "npm"), ("userconfig", "/dev/null"), ("update_notifier", "false")):
        monkeypatch.setenv(f"npm_config_{name}", str(value))
    for name in ("http_proxy", "HTTP_PROXY", "npm_config_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def registry(home: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The only registry that npm knows: it has version 1.0.0 of one package."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here = f"http://127.0.0.1:{self.server.server_address[1]}"
            integrity = "sha512-" + base64.b64encode(hashlib.sha512(CONTENT).digest()).decode()
            dist = {"tarball": f"{here}/{FILE}", "integrity": integrity}
            version = {"name": "tiny-datasource", "version": "1.0.0", "dist": dist}
            listing = {"name": "tiny-datasource", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
            known = {"/tiny-datasource": json.dumps(listing).encode(), f"/{FILE}": CONTENT}
            self.send_response(200 if self.path in known else 404)
            self.end_headers()
            self.wfile.write(known.get(self.path, b"{}"))

        def log_message(self, *_: object) -> None:
            """Stays silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_address[1]}/")
    yield
    server.shutdown()
    server.server_close()


@pytest.fixture
def tiny(pin: Callable[..., Pin]) -> Pin:
    return pin("npm", "tiny-datasource@1.0.0", FILE, CONTENT)


def complaint(pin: Pin) -> str:
    with pytest.raises(UserError) as error:
        fetch(pin)
    return str(error.value)


def no_call(*_: object, **__: object) -> None:
    raise AssertionError("a command was run")


@needs_npm
def test_downloads_once_in_silence_then_uses_the_file(
    tiny: Pin,
    registry: None,
    left: Callable,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
) -> None:
    path = fetch(tiny)
    assert path == cache / "downloads" / FILE
    assert path.read_bytes() == CONTENT
    assert left() == [FILE]
    monkeypatch.setattr(subprocess, "run", no_call)
    assert fetch(tiny) == path
    assert capfd.readouterr() == ("", "")


@needs_npm
def test_another_file_than_the_pinned_one(pin: Callable[..., Pin], registry: None, left: Callable) -> None:
    wanted = pin("npm", "tiny-datasource@1.0.0", FILE, b"another")
    said = complaint(wanted)
    assert f"the download of {FILE} is not the pinned file (its SHA-256 is not {wanted.sha256})" in said
    assert "nothing of it was used or kept; check where npm downloads from" in said
    assert left() == []


@needs_npm
@pytest.mark.parametrize(
    ("requirement", "reason"),
    [
        ("tiny-datasource@2.0.0", "No matching version found for tiny-datasource@2.0.0"),
        ("no-such-thing@1.0.0", r"Not Found - GET http://127.0.0.1:\d+/no-such-thing.*"),
    ],
)
def test_what_the_registry_does_not_have(
    pin: Callable[..., Pin], registry: None, left: Callable, capfd: pytest.CaptureFixture, requirement: str, reason: str
) -> None:
    with pytest.raises(UserError, match=rf"^cannot download {FILE} \({reason}\): check the network and npm's settings"):
        fetch(pin("npm", requirement, FILE, CONTENT))
    assert left() == []
    assert capfd.readouterr() == ("", "")


@needs_npm
def test_without_network_it_says_what_to_put_where(
    tiny: Pin, home: None, left: Callable, cache: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    start = time.monotonic()
    said = complaint(tiny)
    assert time.monotonic() - start < 30
    assert said.startswith(f"cannot download {FILE} (")
    assert "connect ECONNREFUSED 127.0.0.1:9" in said
    assert said.endswith(
        f"): check the network and npm's settings and run again, or copy the file into {cache / 'downloads'} by hand."
    )
    assert "\n" not in said
    assert left() == []
    assert capfd.readouterr() == ("", "")


def test_without_npm_it_says_what_to_install(tiny: Pin, no_tools: None, left: Callable, cache: Path) -> None:
    assert complaint(tiny) == (
        f"cannot download {FILE}, because there is no npm: install Node.js, which brings npm (`apt-get install npm`) "
        f"and run again, or copy the file into {cache / 'downloads'} by hand."
    )
    assert left() == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            "npm ERR! code ECONNREFUSED\nnpm ERR! syscall connect\nnpm ERR! errno ECONNREFUSED\n"
            "npm ERR! FetchError: request to x failed\nnpm ERR!     at emit\nnpm ERR! A complete log of this run",
            "FetchError: request to x failed",
        ),
        ("npm error code E404\nnpm error 404 Not Found - GET x\nnpm error 404", "Not Found - GET x"),
        ("npm ERR! code ENOTFOUND\nnpm ERR! network request to x failed.\n", "request to x failed"),
        ("npm error\nnpm error code ETARGET\nnpm error notarget No matching version.\n", "No matching version"),
        ("env: 'node': No such file or directory", "env: 'node': No such file or directory"),
        ("", "npm ended with 1"),
        ("npm error code EX\nnpm error", "npm ended with 1"),
    ],
)
def test_the_reason_is_a_sentence_of_npm(tiny: Pin, tool: Callable, tmp_path: Path, said: str, reason: str) -> None:
    (tmp_path / "said").write_text(said)
    tool("npm", f"cat {tmp_path}/said >&2; exit 1")
    with pytest.raises(UserError) as error:
        npm_download(tiny, tmp_path)
    assert str(error.value).startswith(f"cannot download {FILE} ({reason}): check")


def test_an_npm_that_leaves_nothing(tiny: Pin, tool: Callable, left: Callable) -> None:
    tool("npm", "exit 0")
    assert "(npm ended with 0)" in complaint(tiny)
    assert left() == []


def test_where_npm_is_told_to_put_it(tiny: Pin, tool: Callable, tmp_path: Path, cache: Path) -> None:
    """Old versions know no --pack-destination and use the working folder, so both are the same."""
    tool("npm", f'pwd > {tmp_path}/at; printf "%s\\n" "$@" > {tmp_path}/asked; exit 1')
    complaint(tiny)
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[:2] == ["pack", "--ignore-scripts"]
    assert asked[-3:] == ["tiny-datasource@1.0.0", "--pack-destination", (tmp_path / "at").read_text().strip()]
    assert asked[-1].startswith(str(cache / "downloads"))
