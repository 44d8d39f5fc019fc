"""`--profile`: where the time went, after the result."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from counterpoint.cli.profile import print_profile

PROFILE = {
    "phases": {"training": 3.0, "evaluation": 2.0, "saving": 0.5},
    "seconds": {"compute": 4.0, "data": 0.0, "evaluation": 2.0, "waiting": 1.5, "saving": 0.5},
    "client_rounds": 60,
    "stacks": {"local, acc+gyro": {"clients a stack": 24, "seconds": {"24": 0.00041, "1": 0.00098}}},
    "recorded": 2,
    "workers": 2,
}


def lines(width: int, **more: Any) -> list[str]:
    console = Console(width=width, markup=False, record=True, file=io.StringIO())
    print_profile(console, {"method": "fedavg", "profile": {**PROFILE, **more}})
    return [line.rstrip() for line in console.export_text().splitlines()]


@pytest.mark.parametrize("width", [80, 120])
def test_a_row_a_kind(width: int) -> None:
    found = lines(width)
    rows = [" ".join(line.split()) for line in found]
    assert rows[1] == "where the time went, over 60 client-rounds"
    for row in (
        "compute forward, backward and optimiser steps 4 s 50.0% 66.7 ms",
        "evaluation scoring models, all that it takes 2 s 25.0% 33.3 ms",
        "waiting the server waits for worker processes 1.5 s 18.8% 25 ms",
        "saving checkpoints and tables 500 ms 6.2% 8.33 ms",
        "stack fedavg local, acc+gyro: 24 clients a stack (0.41 ms a client-step; alone 0.98 ms)",
        "steps 2 kinds of step recorded and replayed, counted in each process",
        "worked in 2 worker processes",
    ):
        assert row in rows
    assert not [row for row in rows if row.startswith("data")], "it took no time"
    assert "On the clock 5.5 s: training 3.0 s, evaluation 2.0 s, saving 0.5 s. All kinds" in " ".join(rows)
    assert max(len(line) for line in found if "client-step" not in line) <= width


def test_without_visits_nothing_is_said_of_each() -> None:
    rows = [" ".join(line.split()) for line in lines(80, client_rounds=0)]
    assert "compute forward, backward and optimiser steps 4 s 50.0% -" in rows


def test_it_follows_the_result(call: Callable[..., Any], quick: tuple[str, ...]) -> None:
    status, out, _ = call("run", "fedavg", *quick, "--stack", "2", "--workers", "1", "--profile", "--out", "here")
    assert status == 0
    assert out.index("results: fedavg") < out.index("where the time went, over 3 client-rounds") < out.index("compute")
    assert "one process, no workers" in out


def test_resume_has_it_too(call: Callable[..., Any], finished: Path) -> None:
    status, out, _ = call("resume", finished, "--no-report", "--workers", "2", "--profile")
    assert status == 0
    assert "where the time went, over 3 client-rounds" in out


def test_json_has_it_anyway(call: Callable[..., Any], finished: Path) -> None:
    _, out, _ = call("resume", finished, "--no-report", "--json", "--profile")
    assert out.count("\n") == 1
    profile = json.loads(out)["profile"]
    kinds = {"compute", "data", "aggregation", "evaluation", "overhead", "waiting", "saving"}
    assert profile["seconds"].keys() == kinds
    assert (profile["client_rounds"], profile["workers"]) == (3, 1)
    assert profile["stacks"]
