"""The program, called in this process, and a finished run."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from counterpoint.cli.main import main

QUICK = ("--data", "watch", "--rounds", "1", "--clients", "3", "--set", "evaluate.after=false", "--no-report")


class Outcome(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def quick() -> tuple[str, ...]:
    """Options of a run that takes a second or two."""
    return QUICK


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Run the program in an empty folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()

    def run(*arguments: str | Path) -> Outcome:
        status = main([str(argument) for argument in arguments])
        return Outcome(status, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run; not to be changed."""
    out = tmp_path_factory.mktemp("runs") / "finished"
    assert main(["run", "fedavg", *QUICK, "--quiet", "--out", str(out)]) == 0
    return out
