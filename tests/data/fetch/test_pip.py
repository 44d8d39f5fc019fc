"""Downloads: through pip only, checked before use, and one clear sentence when they fail."""

import pickle
import shutil
import subprocess
import sys
import time
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

import counterpoint.data
from counterpoint.data import sources
from counterpoint.data.fetch import download_path, fetch
from counterpoint.data.sources import watch as source
from counterpoint.errors import UserError

PIN = source.PIN
WHEEL = PIN.filename


class Trap:
    """Creates a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple:
        return Path.touch, (self.file,)


def trapped_wheel(path: Path, sprung: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive, archive.open(source.MEMBER, "w") as member:
        np.lib.format.write_array(member, np.array(Trap(sprung), dtype=object), allow_pickle=True)


def pip_sees_only(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Give pip a folder of wheels instead of an index."""
    offline(monkeypatch)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))


def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index on a port of this machine where nobody listens, and no other place."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)


def no_pip_call(*_: object, **__: object) -> None:
    raise AssertionError("pip was called")


def left_behind(cache: Path) -> list[str]:
    return [path.name for path in (cache / "downloads").rglob("*")]


def test_downloads_once_then_uses_the_file(
    wheel: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pip_sees_only(monkeypatch, wheel.parent)
    path = fetch(PIN)
    assert path == cache / "downloads" / WHEEL
    assert path.read_bytes() == wheel.read_bytes()
    assert left_behind(cache) == [WHEEL]
    monkeypatch.setattr(subprocess, "run", no_pip_call)
    assert fetch(PIN) == path
    assert capfd.readouterr() == ("", "")


def test_without_network_and_cache_it_says_what_to_put_where(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    offline(monkeypatch)
    start = time.monotonic()
    with pytest.raises(UserError) as error:
        fetch(PIN)
    assert time.monotonic() - start < 30
    sentence = str(error.value)
    assert sentence == (
        f"cannot download {WHEEL} (No matching distribution found for seglearn==1.2.5): check the network and "
        f"pip's settings and run again, or copy the file into {cache / 'downloads'} by hand."
    )
    assert left_behind(cache) == []
    assert capfd.readouterr() == ("", "")


def test_a_file_copied_by_hand_is_enough(filled_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", no_pip_call)
    assert fetch(PIN) == filled_cache / "downloads" / WHEEL


def test_a_cached_file_is_checked_again(filled_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = filled_cache / "downloads" / WHEEL
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    monkeypatch.setattr(subprocess, "run", no_pip_call)
    with pytest.raises(UserError, match="nothing of it was used; delete it") as error:
        fetch(PIN)
    assert str(path) in str(error.value)


def test_pip_refuses_a_download_of_another_hash(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trapped_wheel(tmp_path / "shelf" / WHEEL, tmp_path / "sprung")
    pip_sees_only(monkeypatch, tmp_path / "shelf")
    with pytest.raises(UserError, match=r"is not the pinned file .* nothing of it was used or kept"):
        fetch(PIN)
    assert left_behind(cache) == []


def test_a_download_that_pip_let_through_is_checked_too(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lax_pip(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        trapped_wheel(Path(command[command.index("-d") + 1]) / WHEEL, tmp_path / "sprung")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", lax_pip)
    with pytest.raises(UserError, match="is not the pinned file"):
        sources.load("watch")
    assert left_behind(cache) == []
    assert not (tmp_path / "sprung").exists()


def test_nothing_is_unpickled_before_the_hash_was_checked(cache: Path, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    trapped_wheel(cache / "downloads" / WHEEL, sprung)
    with pytest.raises(UserError, match="is not the pinned file"):
        sources.load("watch")
    assert not sprung.exists()
    assert not sources.cached("watch")
    pickle.loads(pickle.dumps(Trap(sprung)))
    assert sprung.exists(), "the trap works, so that its silence above means something"


def test_a_python_without_pip(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    with pytest.raises(UserError, match=r"has no pip: install pip .* or copy the file into") as error:
        fetch(PIN)
    assert WHEEL in str(error.value)


@pytest.mark.parametrize("executable", ["", "/nowhere/python"])
def test_no_python_to_call(cache: Path, monkeypatch: pytest.MonkeyPatch, executable: str) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    with pytest.raises(UserError, match="has no pip"):
        fetch(PIN)


def test_no_code_of_the_working_folder_is_run(
    wheel: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    pip_sees_only(monkeypatch, wheel.parent)
    assert fetch(PIN).exists()


def test_force_fetches_and_converts_afresh(filled_cache: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip_sees_only(monkeypatch, wheel.parent)
    path = sources.get("watch")
    path.write_bytes(b"damaged")
    with pytest.raises(UserError, match="counterpoint data get watch --force"):
        sources.get("watch")
    assert sources.get("watch", force=True) == path
    assert len(sources.load("watch").samples) == 3605
    assert download_path(WHEEL).read_bytes() == wheel.read_bytes()


def test_no_host_is_named_in_the_code() -> None:
    for file in Path(counterpoint.data.__file__).parent.rglob("*.py"):
        assert "://" not in file.read_text()


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wheel: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("COUNTERPOINT_CACHE", str(tmp_path / "file" / "cache"))
    pip_sees_only(monkeypatch, wheel.parent)
    with pytest.raises(UserError, match=r"cannot write into the cache folder .* set COUNTERPOINT_CACHE"):
        fetch(PIN)


def test_a_full_disk_while_moving_in_place(filled_cache: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    download_path(WHEEL).unlink()
    shutil.rmtree(filled_cache / "downloads")
    pip_sees_only(monkeypatch, wheel.parent)
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UserError, match="No space left on device"):
        fetch(PIN)
    assert left_behind(filled_cache) == []
