"""Packages of Debian: apt-get replaced by a script, packages built here."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from counterpoint.data.fetch import Pin, fetch
from counterpoint.data.fetch.apt import unpacked
from counterpoint.errors import UserError

REQUIREMENT = "tiny=1:0.1+dfsg-2"
FILE = "tiny_1%3a0.1+dfsg-2_all.deb"
CONTENT = b"a package"
DOWNLOADS = f'printf "%s\\n" "$@" >&2\necho "Get:1 tiny"\necho "W: unsandboxed" >&2\nprintf "a package" > "{FILE}"'


@pytest.fixture
def tiny(pin: Callable[..., Pin]) -> Pin:
    return pin("apt", REQUIREMENT, FILE, CONTENT)


def complaint(pin: Pin) -> str:
    with pytest.raises(UserError) as error:
        fetch(pin)
    return str(error.value)


def no_call(*_: object, **__: object) -> None:
    raise AssertionError("a command was run")


def test_downloads_once_in_silence_then_uses_the_file(
    tiny: Pin,
    tool: Callable,
    left: Callable,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
) -> None:
    tool("apt-get", DOWNLOADS)
    path = fetch(tiny)
    assert path == cache / "downloads" / FILE
    assert path.read_bytes() == CONTENT
    assert left() == [FILE]
    monkeypatch.setattr(subprocess, "run", no_call)
    assert fetch(tiny) == path
    assert capfd.readouterr() == ("", "")


def test_what_apt_get_is_asked(tiny: Pin, tool: Callable, tmp_path: Path) -> None:
    tool("apt-get", f'printf "%s\\n" "$@" > {tmp_path}/asked\n{DOWNLOADS}')
    fetch(tiny)
    assert (tmp_path / "asked").read_text().splitlines() == [
        *("download", "-q", "-o", "APT::Sandbox::User=", REQUIREMENT)
    ]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (
            'echo "E: Unable to locate package tiny" >&2; exit 100',
            "Unable to locate package tiny; `apt-get update` may help",
        ),
        (
            "echo \"E: Version '1' for 'tiny' was not found\" >&2; exit 100",
            "Version '1' for 'tiny' was not found; `apt-get update` may help",
        ),
        (
            'echo "W: slow" >&2; echo "E: Failed to fetch tiny  Could not connect" >&2; echo "E: more" >&2; exit 100',
            "Failed to fetch tiny  Could not connect",
        ),
        ("exit 100", "apt-get ended with 100"),
        ("exit 0", "apt-get ended with 0"),
        ('echo "E: in $LC_ALL and $LANGUAGE" >&2; exit 100', "in C.UTF-8 and C"),
    ],
)
def test_what_it_says_when_apt_get_fails(
    tiny: Pin, tool: Callable, left: Callable, cache: Path, capfd: pytest.CaptureFixture, monkeypatch, script, reason
) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    tool("apt-get", f"echo noise; {script}")
    assert complaint(tiny) == (
        f"cannot download {FILE} ({reason}): check the network and apt's settings and run again, "
        f"or copy the file into {cache / 'downloads'} by hand."
    )
    assert left() == []
    assert capfd.readouterr() == ("", "")


def test_another_file_than_the_pinned_one(pin: Callable[..., Pin], tool: Callable, left: Callable) -> None:
    tool("apt-get", DOWNLOADS)
    wanted = pin("apt", REQUIREMENT, FILE, b"another package")
    said = complaint(wanted)
    assert f"the download of {FILE} is not the pinned file (its SHA-256 is not {wanted.sha256})" in said
    assert "nothing of it was used or kept; check where apt downloads from" in said
    assert left() == []


def test_without_apt_get_it_says_what_to_install(tiny: Pin, no_tools: None, cache: Path, left: Callable) -> None:
    assert complaint(tiny) == (
        f"cannot download {FILE}, because there is no apt-get: install apt, which Debian brings (there, "
        f"`apt-get download {REQUIREMENT}` gives the file) and run again, "
        f"or copy the file into {cache / 'downloads'} by hand."
    )
    assert left() == []


def test_an_apt_get_that_cannot_be_started(tiny: Pin, tool: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tool("apt-get", "", shell="\x7fno program")
    monkeypatch.setenv("PATH", str(broken.parent))
    assert "there is no apt-get: install apt" in complaint(tiny)


@pytest.mark.parametrize("compression", ["none", "gzip", "xz"])
def test_unpacked_gives_the_files_in_order(make_deb: Callable[..., Path], compression: str) -> None:
    package = make_deb({"usr/share/a.txt": b"first", "usr/share/b.bin": bytes(100_001)}, compression)
    with unpacked(package) as archive:
        found = {m.name: file.read() for m in archive if (file := archive.extractfile(m))}
    assert found == {"./usr/share/a.txt": b"first", "./usr/share/b.bin": bytes(100_001)}


def test_unpacked_may_be_left_early(make_deb: Callable[..., Path], capfd: pytest.CaptureFixture) -> None:
    with unpacked(make_deb({"a": bytes(3_000_000), "b": b""}, "none")) as archive:
        assert archive.next().name == "."
    assert capfd.readouterr() == ("", "")


def test_unpacked_needs_no_tool(make_deb: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    package = make_deb({"a": b"1"})
    monkeypatch.setattr(subprocess, "Popen", no_call)
    monkeypatch.setattr(subprocess, "run", no_call)
    with unpacked(package) as archive:
        assert archive.getnames() == [".", "./a"]


@pytest.mark.parametrize("content", [b"", b"no package", b"!<arch>\n", b"!<arch>\n" + b"x" * 60])
def test_no_package(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file.deb").write_bytes(content)
    with pytest.raises(UserError, match=r"file\.deb is no package of Debian that can be unpacked \(it .*\): delete"):
        list_files(tmp_path / "file.deb")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_damaged_package(make_deb: Callable[..., Path], share: float) -> None:
    package = make_deb({f"{i}": bytes(range(256)) * 40 for i in range(9)}, "none")
    data = package.read_bytes()
    package.write_bytes(data[: int(share * len(data))])
    with pytest.raises(UserError, match="is no package of Debian that can be unpacked"):
        list_files(package)


def list_files(package: Path) -> list[str]:
    with unpacked(package) as archive:
        return archive.getnames()
