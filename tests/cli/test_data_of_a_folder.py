"""Data sets that are read from a folder, on the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from counterpoint.data.twins import crisismmd


def test_get_show_and_run(call: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERPOINT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "CrisisMMD").mkdir()
    crisismmd.write(tmp_path / "CrisisMMD")
    status, out, err = call("data", "get", "crisismmd:CrisisMMD")
    assert (status, err) == (0, "") and "crisismmd-1-" in out
    shown = " ".join(call("data", "show", "crisismmd:CrisisMMD").out.split())
    assert "28 rows left out, whose text and picture disagree" in shown and "SHA-256" in shown
    status, out, _ = call("run", "fedavg", "--data", "crisismmd:CrisisMMD", "--rounds", "1", "--no-report")
    assert status == 0 and "runs/fedavg-CrisisMMD-seed0" in out


def test_without_the_folder(call: Callable[..., Any]) -> None:
    status, out, _ = call("data", "show", "crisismmd")
    assert status == 0 and "checksum" not in out and "task_informative_text_img_train.tsv" in out
    status, _, err = call("data", "get", "crisismmd")
    assert status == 2
    assert "crisismmd is not fetched: say where it is, as in crisismmd:/path/to/folder" in " ".join(err.split())
    assert " folder " in call("data", "list").out
