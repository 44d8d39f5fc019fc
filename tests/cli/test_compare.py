"""`counterpoint compare`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from counterpoint.cli.compare import spread
from counterpoint.cli.grid import spoken

SMALL = ("--data", "mfeat", "--partition", "dirichlet:0.5", "--clients", "3", "--rounds", "1", "--seeds", "2")


def test_options_that_take_several_values() -> None:
    given = ["fedavg", "local", "--data", "watch", "emoji", "--seeds", "3", "--missing=none", "client:0.4", "--json"]
    assert spread(given) == [
        *("fedavg", "local", "--data", "watch", "--data", "emoji", "--seeds", "3"),
        *("--missing=none", "--missing", "client:0.4", "--json"),
    ]
    assert spread(["fedavg", "--rounds", "3", "x"]) == ["fedavg", "--rounds", "3", "x"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, ""), (0.2, "about 1 s"), (89, "about 89 s"), (95, "about 2 min"), (7200, "about 2.0 h")],
)
def test_times_are_rounded_as_people_do(seconds: float | None, said: str) -> None:
    assert spoken(seconds) == said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fedavg",), ["missing option '--data'", "counterpoint compare --help"]),
        (("fedavgg", "--data", "watch"), ["unknown method 'fedavgg'"]),
        (("fedavg", "--data", "wacth"), ["unknown data set 'wacth'", "'watch'"]),
        (("fedavg", "--data", "watch", "local"), ["'local'", "data set"]),
        (("fedavg[mu=1]", "--data", "watch"), ["unknown setting for fedavg 'mu'"]),
        (("fedavg", "--data", "watch", "--seeds", "x"), ["--seeds x"]),
        (("fedavg", "--data", "watch", "--seeds", "0"), ["'seeds'"]),
        (("fedavg", "--data", "watch", "--jobs", "0"), ["'--jobs'", "0 is not in the range"]),
        (("fedavg", "--data", "watch", "--modalities", "smell"), ["unknown modality of watch 'smell'"]),
        (("none.toml",), ["cannot read none.toml"]),
        (("none.toml", "--data", "watch"), ["none.toml says what is compared"]),
    ],
)
def test_mistakes(call: Callable[..., Any], tmp_path: Path, arguments: tuple[str, ...], said: list[str]) -> None:
    found = call("compare", *arguments)
    assert found.status == 2
    assert found.out == ""
    assert found.err.startswith("error: ")
    assert found.err.count("\n") == 1
    assert all(part in found.err for part in said), found.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_comparison_and_the_same_out_of_a_file(call: Callable[..., Any], tmp_path: Path) -> None:
    first = call("compare", "fedavg", "fedavg[train.lr=0.02]", "local", *SMALL, "--out", "a", "--json", "--quiet")
    assert first.status == 0, first.err
    numbers = json.loads(first.out)
    assert json.loads((tmp_path / "a" / "results.json").read_text()) == numbers
    assert (tmp_path / "a" / "report.html").is_file()
    again = call("compare", "a/comparison.toml", "--out", "b", "--no-report")
    assert again.status == 0, again.err
    assert "fedavg[train.lr=0.02]" in again.out
    assert "6 of 6" in again.err
    values = [json.loads((tmp_path / d / "results.json").read_text()) for d in "ab"]
    times = {"seconds"}

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items() if k not in times}
        return [plain(v) for v in value] if isinstance(value, list) else value

    assert plain(values[0]) == plain(values[1])


@pytest.mark.slow
def test_a_run_that_fails_is_named_with_status_1(call: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(
        "from counterpoint import FedAvg\n"
        "class Bad(FedAvg):\n"
        "    def round(self, fed):\n"
        "        raise ValueError('no')\n"
    )
    found = call("compare", "fedavg", "bad.py", *SMALL, "--seeds", "1", "--out", "out", "--no-report")
    assert found.status == 1
    assert "ValueError: no" in found.err + found.out
    assert "fedavg" in found.out


@pytest.mark.slow
def test_a_dry_run_tells_the_cost_and_leaves_nothing(call: Callable[..., Any], tmp_path: Path) -> None:
    found = call("compare", "fedavg", "local", *SMALL, "--rounds", "7", "--dry-run")
    assert found.status == 0, found.err
    assert "4 runs to do" in found.out
    told = call("compare", "fedavg", "local", *SMALL, "--rounds", "7", "--dry-run", "--json")
    cells = json.loads(told.out)["cells"]
    assert [(c["method"], c["rounds"]) for c in cells] == [("fedavg", 14), ("local", 14)]
    assert list(tmp_path.iterdir()) == []
