"""Each mistake gives one line on standard error and status 2."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RUN = ("run", "fedavg", "--data", "watch")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "fedavgg", *RUN[2:]), ["unknown method 'fedavgg'", "'fedavg'"]),
        (("run", "no.py:Such", *RUN[2:]), ["no method file no.py"]),
        (("methods", "fedproxx"), ["unknown method 'fedproxx'", "'fedprox'"]),
        (("run", "fedavg", "--data", "wacth"), ["unknown data set 'wacth'", "'watch'"]),
        (("data", "show", "wacth"), ["unknown data set 'wacth'", "'watch'"]),
        (("data", "get", "wacth"), ["unknown data set 'wacth'", "'watch'"]),
        ((*RUN, "--epoch", "3"), ["unknown option '--epoch': did you mean", "'--epochs'"]),
        ((*RUN, "--epochs=x"), ["'--epochs'", "'x' is not a valid int"]),
        ((*RUN, "--rounds"), ["'--rounds' requires an argument"]),
        ((*RUN, "more"), ["unexpected extra argument", "more", "counterpoint run --help"]),
        (("run",), ["missing argument 'METHOD'", "counterpoint run --help"]),
        (("run", "fedavg"), ["missing option '--data'", "counterpoint run --help"]),
        (("resume",), ["missing argument 'DIR'"]),
        (("rnu",), ["unknown command 'counterpoint rnu'", "'counterpoint run'"]),
        (("data", "lits"), ["unknown command 'counterpoint data lits'", "'counterpoint data list'"]),
        (("--verison",), ["'--verison'", "'--version'"]),
        ((*RUN, "--set", "train.momentun=0.9"), ["'train.momentun'", "'train.momentum'"]),
        ((*RUN, "--set", "mu=0.9"), ["unknown setting for fedavg 'mu'"]),
        (("run", "fedprox", "--data", "watch", "--set", "mu=-1"), ["'mu' = '-1'", "greater than or equal to 0"]),
        (("run", "scaffold", *RUN[2:], "--set", "train.momentum=0.9"), ["scaffold needs plain SGD"]),
        ((*RUN, "--set", "mu"), ["--set mu", "KEY=VALUE"]),
        ((*RUN, "--rounds", "0"), ["'rounds' = 0", "greater than or equal to 1"]),
        ((*RUN, "--clients", "0"), ["clients' = 0", "greater than or equal to 1"]),
        ((*RUN, "--lr", "-1"), ["lr' = -1.0", "greater than 0"]),
        ((*RUN, "--participation", "1.5"), ["'participation' = 1.5", "less than or equal to 1"]),
        ((*RUN, "--seed", "-1"), ["'seed' = -1", "greater than or equal to 0"]),
        ((*RUN, "--partition", "dirichlet"), ["dirichlet:ALPHA"]),
        ((*RUN, "--missing", "client:2"), ["client:RATE"]),
        ((*RUN, "--engine", "sequentail"), ["unknown engine 'sequentail'", "'sequential'"]),
        ((*RUN, "--engine", "sequential", "--workers", "2"), ["sequential engine", "leave out --workers,"]),
        ((*RUN, "--engine", "sequential", "--stack", "4"), ["sequential engine", "leave out --stack,"]),
        ((*RUN, "--engine", "sequential", "--stack", "4", "--workers", "2"), ["leave out --stack and --workers,"]),
        ((*RUN, "--workers", "0"), ["'workers' = 0", "greater than or equal to 1"]),
        ((*RUN, "--stack", "0"), ["'stack' = 0", "greater than or equal to 1"]),
        (("resume", "nowhere"), ["nowhere is not a run folder"]),
        (("report", "nowhere"), ["nowhere is neither the folder of a run nor that of a comparison"]),
    ],
)
def test_one_line_and_status_2(
    call: Callable[..., Any], arguments: tuple[str, ...], said: list[str], tmp_path: Path
) -> None:
    status, out, err = call(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1 and err.endswith("\n")
    for part in said:
        assert part in err
    assert not list(tmp_path.iterdir())


def test_folder_of_another_run(call: Callable[..., Any], quick: tuple[str, ...], finished: Path) -> None:
    status, _, err = call("run", "fedavg", *quick, "--out", finished)
    assert status == 2
    assert f"{finished} holds another run" in err and err.count("\n") == 1


def test_folder_that_is_not_empty(call: Callable[..., Any], quick: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    status, _, err = call("run", "fedavg", *quick, "--out", tmp_path)
    assert status == 2
    assert "is not an empty folder" in err and err.count("\n") == 1


def test_no_workers_at_all(call: Callable[..., Any], finished: Path) -> None:
    status, out, err = call("resume", finished, "--workers", "0")
    assert (status, out) == (2, "")
    assert "'workers' = 0" in err and err.count("\n") == 1


def test_damaged_checkpoint(call: Callable[..., Any], finished: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(finished, tmp_path / "copy")
    data = bytearray((copy / "checkpoint.safetensors").read_bytes())
    data[-10] ^= 1
    (copy / "checkpoint.safetensors").write_bytes(data)
    status, _, err = call("resume", copy)
    assert status == 2
    assert "is damaged" in err and err.count("\n") == 1


def test_sentences_of_several_lines_become_one(call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from counterpoint import runs
    from counterpoint.errors import UserError

    def fail(*_: object, **__: object) -> None:
        raise UserError("first\n  second")

    monkeypatch.setattr(runs, "run", fail)
    assert call(*RUN) == (2, "", "error: first second\n")


def test_what_nobody_foresaw_is_raised(call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from counterpoint import runs

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(runs, "run", fail)
    with pytest.raises(ZeroDivisionError):
        call(*RUN)
