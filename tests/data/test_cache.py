"""The cache of converted data sets: whole or not there, and never damaged unnoticed."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from counterpoint.data.cache import Meta, cache_folder, cached_tensors, converted_path, write_atomically
from counterpoint.errors import UserError

TENSORS = {"b": torch.arange(6.0).view(2, 3), "a": torch.tensor([True, False]), "empty": torch.zeros(0, 4)}
META = {"classes": ["x", "y"], "n": 3}


def build() -> tuple[dict[str, torch.Tensor], Meta]:
    return dict(TENSORS), dict(META)


def forbidden() -> tuple[dict[str, torch.Tensor], Meta]:
    raise AssertionError("built again")


@pytest.mark.parametrize(
    ("own", "xdg", "expected"),
    [
        ("/somewhere", "/xdg", "/somewhere"),
        ("~/mine", "/xdg", "/home/me/mine"),
        ("", "/xdg", "/xdg/counterpoint"),
        (None, "/xdg", "/xdg/counterpoint"),
        (None, "relative", "/home/me/.cache/counterpoint"),
        (None, None, "/home/me/.cache/counterpoint"),
    ],
)
def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, own: str | None, xdg: str | None, expected: str) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    for name, value in (("COUNTERPOINT_CACHE", own), ("XDG_CACHE_HOME", xdg)):
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
    assert cache_folder() == Path(expected)


def test_no_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("COUNTERPOINT_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(UserError, match="set COUNTERPOINT_CACHE"):
        cache_folder()


def test_builds_once_and_reads_the_same(cache: Path) -> None:
    first = cached_tensors("toy", 1, build)
    second = cached_tensors("toy", 1, forbidden)
    for tensors, meta in (first, second):
        assert meta == META
        assert tensors.keys() == TENSORS.keys()
        assert all(torch.equal(tensors[key], TENSORS[key]) for key in TENSORS)
        assert all(tensors[key].dtype == TENSORS[key].dtype for key in TENSORS)
    assert [file.name for file in (cache / "converted").iterdir()] == ["toy-1.safetensors"]


def test_another_version_is_another_file(cache: Path) -> None:
    cached_tensors("toy", 1, build)
    tensors, _ = cached_tensors("toy", 2, lambda: ({"c": torch.ones(1)}, {}))
    assert set(tensors) == {"c"}
    assert cached_tensors("toy", 1, forbidden)[0].keys() == TENSORS.keys()


def flip(where: float) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[int(where * (len(data) - 1))] ^= 4
        path.write_bytes(data)

    return damage


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def without_notes(path: Path) -> None:
    save_file(TENSORS, path)


@pytest.mark.parametrize("damage", [cut, empty, without_notes, *map(flip, (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0))])
def test_damage_is_seen(cache: Path, damage: Callable[[Path], None]) -> None:
    cached_tensors("toy", 1, build)
    path = converted_path("toy", 1)
    damage(path)
    with pytest.raises(UserError, match="is damaged: delete it, or run `counterpoint data get toy --force`") as error:
        cached_tensors("toy", 1, forbidden)
    assert str(path) in str(error.value)


def test_a_folder_in_the_files_place(cache: Path) -> None:
    converted_path("toy", 1).mkdir(parents=True)
    with pytest.raises(UserError, match=r"cannot read|is damaged"):
        cached_tensors("toy", 1, forbidden)


def test_writers_at_the_same_time_do_no_harm(cache: Path) -> None:
    together = threading.Barrier(8)

    def slow() -> tuple[dict[str, torch.Tensor], Meta]:
        together.wait(timeout=30)
        return build()

    with ThreadPoolExecutor(8) as pool:
        results = [future.result() for future in [pool.submit(cached_tensors, "toy", 1, slow) for _ in range(8)]]
    assert all(torch.equal(tensors["b"], TENSORS["b"]) and meta == META for tensors, meta in results)
    assert len(list((cache / "converted").iterdir())) == 1


def test_a_writer_that_fails_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"cannot write into the cache folder .* \(No space left on device\)"):
        cached_tensors("toy", 1, build)
    assert list((cache / "converted").iterdir()) == []


def test_a_failed_build_leaves_nothing(cache: Path) -> None:
    def fail() -> tuple[dict[str, torch.Tensor], Meta]:
        raise UserError("no network")

    with pytest.raises(UserError, match="no network"):
        cached_tensors("toy", 1, fail)
    assert list((cache / "converted").iterdir()) == []


def test_an_old_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_cache_below_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("COUNTERPOINT_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(UserError, match=r"cannot write into the cache folder .* set COUNTERPOINT_CACHE"):
        cached_tensors("toy", 1, forbidden)


def test_a_read_only_cache(cache: Path) -> None:
    cache.mkdir(mode=0o500)
    if os.access(cache, os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(UserError, match="cannot write into the cache folder"):
        cached_tensors("toy", 1, forbidden)


def test_a_closed_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(self: Path, **_: object) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", closed)
    with pytest.raises(UserError, match=r"cannot read .* \(Permission denied\)"):
        cached_tensors("toy", 1, forbidden)
