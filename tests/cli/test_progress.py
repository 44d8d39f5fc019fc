"""Watching a run: lines, bar, refused uploads, stopping."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from rich.console import Console

from counterpoint.cli.progress import Bar, choose_watcher
from counterpoint.cli.stopping import stoppable
from counterpoint.cli.watchers import REFUSALS_SHOWN, Lines, Silent, Talking
from counterpoint.evaluate import MetricName
from counterpoint.evaluate.headline import headline
from counterpoint.runs import RunConfig, Stopped
from counterpoint.runs.config import DataSettings

ON_SERVER = MetricName("accuracy", "global", "server", "global_test", "observed", "before")
OF_CLIENTS = MetricName("accuracy", "global", "clients:mean", "test", "observed", "before")
TUNED = MetricName("accuracy", "global", "clients:mean", "test", "observed", "after")
PERSONAL = MetricName("accuracy", "personal", "clients:mean", "test", "observed", "after")


def config(rounds: int) -> RunConfig:
    return RunConfig(method="fedavg", data=DataSettings(name="watch"), rounds=rounds)


def terminal() -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, width=80, force_terminal=True, markup=False, highlight=False), file


def pipe() -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, width=80, markup=False, highlight=False), file


def test_headline() -> None:
    assert headline({}) == ""
    told = headline({ON_SERVER: 0.5, OF_CLIENTS: 0.25, TUNED: 0.9})
    assert told == "accuracy: global test 0.500, mean of clients 0.250"
    assert headline({PERSONAL: 0.125}) == "accuracy: mean of clients 0.125"


def test_headline_on_validation_rows() -> None:
    together, own = (
        replace(name, split=split) for name, split in ((ON_SERVER, "global_validation"), (OF_CLIENTS, "validation"))
    )
    told = headline({together: 0.5, own: 0.25})
    assert told == "accuracy: validation 0.500, mean of clients' validation 0.250"
    assert headline({replace(PERSONAL, split="validation"): 0.125}) == "accuracy: mean of clients' validation 0.125"


@pytest.mark.parametrize(
    ("rounds", "expected"), [(1, [1]), (10, list(range(1, 11))), (25, [3, 6, 9, 12, 15, 18, 21, 24, 25])]
)
def test_at_most_ten_lines(rounds: int, expected: list[int]) -> None:
    console, file = pipe()
    watcher = Lines(console)
    watcher.begins(config(rounds), Path("o"), 0, 3)
    for number in range(1, rounds + 1):
        watcher.client_done()
        watcher.round_done(number, {ON_SERVER: 0.5}, [])
    watcher.ends()
    assert file.getvalue().splitlines() == [f"round {n} of {rounds}; accuracy: global test 0.500" for n in expected]


@pytest.mark.parametrize("kind", [Lines, Bar])
def test_refused_uploads_are_told_at_once(kind: type[Talking]) -> None:
    console, file = pipe()
    watcher = kind(console)
    watcher.begins(config(1000), Path("o"), 0, 3)
    watcher.round_done(1, {}, [(4, "'[w]' is not finite"), (5, "too large")])
    assert "round 1: 2 uploads were refused; client 4: '[w]' is not finite\n" in file.getvalue()
    for number in range(2, 100):
        watcher.round_done(number, {}, [(2, "too large")])
    watcher.ends()
    text = file.getvalue()
    assert text.count(" refused; ") == REFUSALS_SHOWN
    assert f"further refusals: see {Path('o') / 'log.txt'}\n" in text


def test_bar() -> None:
    console, file = terminal()
    watcher = Bar(console)
    watcher.begins(config(4), Path("o"), 1, 2)
    task = watcher._display.tasks[0]
    assert (task.total, task.completed, task.fields["at"].strip()) == (12, 3, "round 2 of 4")
    watcher.client_done()
    assert (task.completed, task.fields["at"]) == (4, "round 2 of 4, client 1 of 2")
    for _ in range(2):
        watcher.client_done()
    assert (task.completed, task.fields["at"]) == (5, "round 2 of 4, client 1 of 2")
    watcher.round_done(2, {ON_SERVER: 0.5}, [])
    assert (task.completed, task.fields["at"].strip()) == (6, "round 3 of 4")
    watcher._display.refresh()
    watcher.ends()
    assert "accuracy: global test 0.500" in file.getvalue()
    assert watcher.out == Path("o")


def test_bar_fits_80_columns() -> None:
    console, _ = pipe()
    watcher = Bar(console)
    watcher.begins(config(1000), Path("o"), 998, 100)
    for _ in range(100):
        watcher.client_done()
    watcher.ends()
    table = watcher._display.make_tasks_table(watcher._display.tasks)
    assert console.measure(table).maximum <= 80


def test_who_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert type(choose_watcher(quiet=True)) is Silent
    assert type(choose_watcher(quiet=False)) is Lines


@pytest.mark.parametrize(
    ("raised", "out", "said"),
    [
        (Stopped("stopped after round 1 of 2"), None, "stopped after round 1 of 2\n"),
        (KeyboardInterrupt(), None, "interrupted\n"),
        (KeyboardInterrupt(), Path("my runs/a"), "interrupted; go on with: counterpoint resume 'my runs/a'\n"),
    ],
)
def test_stopping(raised: BaseException, out: Path | None, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    watcher = Silent()
    watcher.out = out
    with pytest.raises(typer.Exit) as ending, stoppable(watcher):
        raise raised
    assert ending.value.exit_code == 130
    assert capsys.readouterr() == ("", said)
