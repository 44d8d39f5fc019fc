"""`data check`, and a run on a folder of one's own."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from counterpoint.data.own import load_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """60 rows of 22 people: a table of two columns, which tell the classes apart, and a note."""
    lines = ["label,client,pulse.rest,pulse.run,note"]
    for i in range(66):
        wave = math.sin(i)
        ill = i % 2
        lines.append(f"{('well', 'ill')[ill]},p{i % 22},{60 + 30 * ill + wave},{'' if i == 4 else 120 + wave},note {i}")
    lines[7] = lines[7].replace("note 6", "")
    (tmp_path / "people").mkdir()
    (tmp_path / "people/data.csv").write_text("\n".join(lines))
    return tmp_path / "people"


def test_what_was_understood(call: Callable[..., Any], folder: Path) -> None:
    status, out, err = call("data", "check", "./people")
    assert (status, err) == (0, "")
    words = " ".join(out.split())
    test = load_folder(folder).card.counts["global test rows"]
    assert f"people: 66 rows, of which {66 - test} are to train, {test} the server's test" in words
    assert "pulse table 2 0 1 rest, run" in words
    assert "note text 7 1 0" in words
    assert "ill 33 well 33" in words
    assert "p0 3 p1 3 p2 3" in words
    assert "2 others 6" in words
    assert "beware: each row is a unit of its own" in words
    assert max(map(len, out.splitlines())) <= 80


def test_what_is_wrong(call: Callable[..., Any], folder: Path) -> None:
    with (folder / "data.csv").open("a") as file:
        file.write("\nwell,p1,fast,,")
    status, out, err = call("data", "check", folder)
    assert (status, out) == (2, "")
    assert err.startswith("error: data.csv line 68: 'fast' in column 'pulse.rest' is no number")
    assert err.count("\n") == 1


def test_a_run_on_a_folder(call: Callable[..., Any], folder: Path) -> None:
    options = ("--partition", "dirichlet:5", "--clients", "2", "--rounds", "3", "--no-report", "--quiet", "--json")
    status, out, err = call("run", "fedavg", "--data", "./people", *options)
    assert (status, err) == (0, "")
    assert json.loads(out.splitlines()[-1])["out"]
    assert folder.exists()
