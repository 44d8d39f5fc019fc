"""Long work on data is shown, short work is not."""

import io

import pytest
from rich.console import Console

from counterpoint.cli import reading as module
from counterpoint.cli.reading import reading
from counterpoint.data.progress import tell


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(module, "time", found)
    return found


def shown(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> io.StringIO:
    file = io.StringIO()
    monkeypatch.setattr(module, "stderr", lambda: Console(file=file, force_terminal=terminal, width=80))
    return file


def test_a_line_now_and_then_without_a_terminal(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    file = shown(monkeypatch, terminal=False)
    with reading():
        for second in range(25):
            clock.now = 100.0 + second
            tell("unpacking a.deb", second, 50)
        tell("unpacking a.deb", 50, 50)
    assert file.getvalue().splitlines() == [
        "unpacking a.deb: 2 %",
        "unpacking a.deb: 22 %",
        "unpacking a.deb: 42 %",
    ]


def test_what_is_soon_over_is_not_shown(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    for terminal in (False, True):
        file = shown(monkeypatch, terminal=terminal)
        with reading():
            for part in range(10):
                clock.now += 0.05
                tell("pictures", part, 10)
            tell("pictures", 10, 10)
        assert file.getvalue() == ""


def test_a_bar_in_a_terminal_that_goes_away(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    file = shown(monkeypatch, terminal=True)
    with reading():
        tell("pictures", 1, 10)
        clock.now += 2
        tell("pictures", 5, 10)
        tell("pictures", 10, 10)
    assert "pictures" in file.getvalue()
    assert file.getvalue().rstrip().endswith("\x1b[2K"), "the line is cleared"


def test_quiet_shows_nothing(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    file = shown(monkeypatch, terminal=False)
    with reading(quiet=True):
        tell("unpacking", 1, 10)
        clock.now += 60
        tell("unpacking", 2, 10)
    assert file.getvalue() == ""
