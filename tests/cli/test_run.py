"""`run`, `resume` and `report` on real data."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from counterpoint import UserError
from counterpoint.cli import outcome
from counterpoint.runs import RunFolder


def test_json_is_the_last_line_and_the_only_one(
    call: Callable[..., Any], quick: tuple[str, ...], tmp_path: Path
) -> None:
    status, out, err = call("run", "fedavg", *quick, "--json", "--out", "here")
    assert status == 0
    assert out.count("\n") == 1
    summary = json.loads(out)
    assert summary == json.loads((tmp_path / "here" / "result.json").read_text())
    wanted = {"method", "data", "seed", "engine", "rounds", "seconds", "metrics", "bytes_up", "bytes_down", "out"}
    assert wanted <= summary.keys()
    assert (summary["method"], summary["rounds"], summary["clients"], summary["out"]) == ("fedavg", 1, 3, "here")
    assert "round 1 of 1; accuracy: global test" in err


def test_quiet_says_nothing(call: Callable[..., Any], quick: tuple[str, ...]) -> None:
    assert call("run", "fedavg", *quick, "--quiet", "--out", "here") == (0, "", "")


def test_quiet_with_json(call: Callable[..., Any], finished: Path) -> None:
    status, out, err = call("resume", finished, "--quiet", "--json", "--no-report")
    assert (status, err) == (0, "")
    assert json.loads(out)["out"] == str(finished)


def test_table(call: Callable[..., Any], quick: tuple[str, ...]) -> None:
    status, out, err = call("run", "local", *quick, "--out", "here")
    assert status == 0
    assert "results: local on watch, 1 round, 3 clients, seed 0" in out
    assert "personal" in out and "here" in out
    assert "Traceback" not in err


def test_resume_of_a_finished_run_shows_it(call: Callable[..., Any], finished: Path) -> None:
    status, out, _ = call("resume", finished, "--no-report")
    assert status == 0
    assert "results: fedavg on watch" in out and str(finished) in out


def test_not_finite_is_null(call: Callable[..., Any]) -> None:
    from counterpoint.cli.outcome import one_line

    assert (
        one_line({"a": {"b": float("nan")}, "c": float("inf"), "d": 1.5}) == '{"a": {"b": null}, "c": null, "d": 1.5}'
    )


def test_report_prints_where_it_is(call: Callable[..., Any], finished: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    copy = shutil.copytree(finished, tmp_path / "copy")
    page = RunFolder(copy).report
    assert call("report", copy) == (0, f"{page}\n", "")
    assert "</html>" in page.read_text()
    assert call("report", copy, "--json") == (0, json.dumps({"report": str(page)}) + "\n", "")
    assert str(page) in call("resume", copy).out


def test_no_report_costs_no_result(
    call: Callable[..., Any], finished: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(_: RunFolder) -> Path:
        raise UserError("the report needs paper")

    monkeypatch.setattr(outcome, "write_report", fail)
    status, out, err = call("resume", finished, "--json")
    assert (status, err.splitlines()[-1]) == (0, "no report was written: the report needs paper")
    assert json.loads(out)
    assert "results: fedavg on watch" in call("resume", finished).out
