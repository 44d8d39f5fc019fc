"""Runs whose packages travel in fewer bits: their settings, names, bytes, and going on with them."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import counterpoint
from counterpoint import RunResult, Stopped, UserError
from counterpoint.exchange import ExchangeSettings
from counterpoint.experiments import Comparison, cases
from counterpoint.report.command import command_line
from counterpoint.runs import RunConfig, configured
from counterpoint.runs.naming import default_name
from counterpoint.storage import digest

from .conftest import SHORT, Interrupts

EIGHT = {"exchange.up": "int8", "exchange.down": "float16"}


def test_settings_say_the_precision_of_each_way(tmp_path: Path) -> None:
    assert configured("fedavg", "watch").exchange == ExchangeSettings("float32", "float32")
    config = configured("scaffold", "watch", settings=EIGHT)
    assert config.exchange == ExchangeSettings("int8", "float16")
    path = tmp_path / "config.toml"
    path.write_text(config.toml())
    assert RunConfig.read(path) == config
    path.write_text('method = "fedavg"\n[data]\nname = "watch"\n')
    assert RunConfig.read(path).exchange == ExchangeSettings(), "a run of an earlier version"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"exchange.up": "int4"}, r"'exchange\.up' = 'int4'"),
        ({"exchange.down": "8"}, r"'exchange\.down' = '8'"),
        ({"exchange.upp": "int8"}, r"unknown setting for fedavg 'exchange\.upp': did you mean 'exchange\.up'\?"),
    ],
)
def test_what_is_no_precision_is_told(settings: dict[str, str], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        configured("fedavg", "watch", settings=settings)


def test_names_of_folders() -> None:
    assert default_name(configured("fedavg", "watch", settings=EIGHT)) == "fedavg-watch-up-int8-down-float16-seed0"
    assert default_name(configured("fedavg", "watch", settings={"exchange.up": "float32"})) == "fedavg-watch-seed0"
    values: dict[str, Any] = {"methods": ["fedavg"], "data": ["watch"], "seeds": 1}
    (usual,) = cases(Comparison.of(values))
    assert usual.name == "fedavg-watch-seed0-c65da864", (
        "as before there was a choice, so that what is finished is found"
    )
    (same,) = cases(Comparison.of({**values, "settings": {"exchange.up": "float32"}}))
    assert same.name == usual.name
    (other,) = cases(Comparison.of({**values, "settings": EIGHT}))
    assert other.name != usual.name and other.config.exchange.up == "int8"


def test_the_command_of_a_run_says_it() -> None:
    words = shlex.split(command_line(configured("fedavg", "watch", settings=EIGHT)).replace("\\\n", ""))
    assert words[-4:] == ["--set", "exchange.up=int8", "--set", "exchange.down=float16"]
    assert "exchange" not in command_line(configured("fedavg", "watch"))


def test_eight_bits_up_are_about_a_quarter_of_the_bytes(short_run: Callable[..., RunResult]) -> None:
    full, eight = short_run("fedavg"), short_run("fedavg", settings=EIGHT)
    assert eight.summary["bytes_up"] < 0.28 * full.summary["bytes_up"]
    assert 0.5 < eight.summary["bytes_down"] / full.summary["bytes_down"] < 0.52
    assert eight.summary["bytes_up"] > 0.25 * full.summary["bytes_up"]
    refused = [m.value for m in eight.metrics if m.name.measure == "refused"]
    assert len(refused) == SHORT["rounds"] and not any(refused)
    assert digest(eight.weights()) != digest(full.weights())


def test_a_run_goes_on_in_the_precision_it_had(tmp_path: Path, short_run: Callable[..., RunResult]) -> None:
    out = tmp_path / "run"
    with pytest.raises(Stopped):
        counterpoint.run("fedavg", out=out, watcher=Interrupts(), **SHORT, settings=EIGHT)
    done, whole = counterpoint.resume(out), short_run("fedavg", settings=EIGHT)
    assert digest(done.weights()) == digest(whole.weights())
    assert {k: done.summary[k] for k in ("bytes_up", "bytes_down")} == {
        k: whole.summary[k] for k in ("bytes_up", "bytes_down")
    }
