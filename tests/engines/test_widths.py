"""How many clients a stack takes: settled once, kept in the cache folder, and found again."""

import json
import os
from pathlib import Path

import pytest

from counterpoint.engines import widths as module
from counterpoint.engines.widths import LADDER, UNMEASURED, Widths, bucket, candidates, kind_of_work

SECONDS = {1: 3.0, 6: 1.5, 24: 1.0, 64: 2.0}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of a test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("COUNTERPOINT_CACHE", str(folder))
    return folder / "stacks"


@pytest.mark.parametrize(
    ("clients", "expected"),
    [(1, [1]), (2, [1, 2]), (6, [1, 6]), (7, [1, 6, 7]), (24, [1, 6, 24]), (50, [1, 6, 24, 50]), (64, [1, 6, 24, 64])],
)
def test_widths_worth_trying(clients: int, expected: list[int]):
    assert candidates(clients) == expected


def test_about_as_many_clients_are_one_kind_of_work():
    assert [bucket(clients) for clients in (1, 2, 3, 4, 7, 8, 31, 32, 63, 64)] == [1, 2, 2, 4, 4, 8, 16, 32, 32, 64]
    assert bucket(65) == bucket(10_000) == LADDER[-1]


def test_no_width_beyond_the_ladder_is_tried():
    assert candidates(65) == candidates(10_000) == list(LADDER)


@pytest.mark.parametrize(
    ("seconds", "most", "expected"),
    [
        (SECONDS, 100, 24),
        (SECONDS, 24, 24),
        (SECONDS, 10, 10),
        (SECONDS, 1, 1),
        (SECONDS, 0, 1),
        ({1: 1.0, 6: 2.0}, 100, 1),
        ({1: 2.0, 6: 1.07, 24: 1.0}, 100, 6),
        ({1: 1.07, 6: 1.0, 24: 1.0}, 100, 1),
        ({1: 1.09, 6: 1.09, 24: 1.0}, 100, 24),
        ({}, 100, UNMEASURED),
        ({}, 5, 5),
    ],
)
def test_the_narrowest_that_is_about_as_quick_as_any_is_taken_if_it_fits(
    seconds: dict[int, float], most: int, expected: int
):
    widths = Widths()
    assert widths.settle("kind", seconds, most) == expected
    assert widths.settled == {"kind": expected} and widths.of("kind") == expected
    assert widths.seconds == {"kind": seconds}


def test_what_was_settled_is_found_again_by_others(cache: Path):
    assert Widths().of("kind") is None
    Widths().settle("kind", SECONDS, 100)
    assert [file.name for file in cache.iterdir()] == ["kind.json"], "nothing else is left there"
    other = Widths()
    assert other.of("kind") == 24 and other.seconds == {"kind": SECONDS}
    assert other.of("another kind") is None and other.settled == {"kind": 24}


def test_a_run_that_goes_on_keeps_its_own():
    """Whatever the cache says by now."""
    Widths().settle("kind", SECONDS, 100)
    known = {"kind": 6}
    widths = Widths(known=known)
    assert widths.of("kind") == 6
    widths.settled["other"] = 1
    assert known == {"kind": 6}


def test_a_width_that_the_user_fixed_holds_for_all(cache: Path):
    Widths().settle("kind", SECONDS, 100)
    widths = Widths(fixed=3)
    assert widths.of("kind") == widths.of("unheard of") == 3 and widths.settled == {}


def test_of_two_processes_the_first_wins(cache: Path):
    """Both measured; the second takes what the first wrote, so that both end with the same bits."""
    first, second = Widths(), Widths()
    assert first.of("kind") is None and second.of("kind") is None
    assert first.settle("kind", SECONDS, 100) == 24
    assert second.settle("kind", {1: 1.0, 6: 5.0}, 100) == 24
    assert second.settled == {"kind": 24} and second.seconds == {"kind": SECONDS}
    assert len(list(cache.iterdir())) == 1


def test_processes_at_once_agree(cache: Path):
    """As many forks as can be, each of which measured another width."""
    pipes = []
    for width in range(1, 9):
        read, write = os.pipe()
        if (child := os.fork()) == 0:  # pragma: no cover
            found = Widths().settle("kind", {width: 1.0}, 100)
            os.write(write, bytes([found]))
            os._exit(0)
        os.close(write)
        pipes.append((child, read))
    found = set()
    for child, read in pipes:
        found.add(os.read(read, 1))
        os.close(read)
        assert os.waitpid(child, 0)[1] == 0
    assert len(found) == 1 and found == {bytes([json.loads((cache / "kind.json").read_text())["width"]])}
    assert len(list(cache.iterdir())) == 1


DAMAGED = [b"", b"{", b"[]", b"3", b"{}", b'{"width": 0, "seconds a client-step": {}}', b'{"width": 6}', b"\xff\xfe"]
DAMAGED += [b'{"width": null, "seconds a client-step": {}}', b'{"width": 6, "seconds a client-step": [1]}']


@pytest.mark.parametrize("data", DAMAGED)
def test_a_damaged_file_is_replaced(cache: Path, data: bytes):
    cache.mkdir(parents=True)
    (cache / "kind.json").write_bytes(data)
    widths = Widths()
    assert widths.of("kind") is None
    assert widths.settle("kind", SECONDS, 100) == 24
    assert Widths().of("kind") == 24 and len(list(cache.iterdir())) == 1


def test_a_cache_that_cannot_be_written_is_done_without(cache: Path):
    cache.parent.write_text("a file where the folder should be")
    widths = Widths()
    assert widths.of("kind") is None
    assert widths.settle("kind", SECONDS, 100) == 24 and widths.of("kind") == 24
    assert Widths().of("kind") is None and cache.parent.is_file()


@pytest.mark.parametrize("broken", ["mkdir", "link", "write_atomically"])
def test_whatever_fails_on_the_disk(cache: Path, monkeypatch: pytest.MonkeyPatch, broken: str):
    def fails(*given: object, **how: object) -> None:
        raise PermissionError(broken)

    owner = {"mkdir": Path, "link": os, "write_atomically": module}[broken]
    monkeypatch.setattr(owner, broken, fails)
    widths = Widths()
    assert widths.settle("kind", SECONDS, 100) == 24 and widths.of("kind") == 24
    assert not cache.exists() or list(cache.iterdir()) == []


def test_without_a_home_folder(monkeypatch: pytest.MonkeyPatch):
    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.delenv("COUNTERPOINT_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    widths = Widths()
    assert widths.of("kind") is None and widths.settle("kind", SECONDS, 100) == 24


def test_a_kind_of_work_is_told_by_every_fact_and_the_machine(monkeypatch: pytest.MonkeyPatch):
    one = kind_of_work(program="local", clients=6, shape=(2, 3))
    assert one == kind_of_work(shape=(2, 3), clients=6, program="local") and one.isalnum()
    assert one not in {
        kind_of_work(program="local", clients=7, shape=(2, 3)),
        kind_of_work(program="local", clients=6, shape=(3, 2)),
        kind_of_work(program="other", clients=6, shape=(2, 3)),
        kind_of_work(program="local", clients=6),
    }
    monkeypatch.setattr(module, "_machine", lambda: {"cpu": "another"})
    assert kind_of_work(program="local", clients=6, shape=(2, 3)) != one
