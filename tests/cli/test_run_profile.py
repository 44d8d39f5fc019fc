"""`run --profile NAME`: settings of a profile; `run --profile`: where the time went."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from counterpoint import runs
from counterpoint.experiments.tuning import save_profile

Call = Callable[..., Any]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `runs.run` is called with; it does nothing."""
    found: dict[str, Any] = {}

    def note(method: str, data: str, **options: Any) -> None:
        found.update(method=method, data=data, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "run", note)
    return found


def test_settings_of_a_profile(call: Call, seen: dict[str, Any]) -> None:
    save_profile("tuned/watch", "fedprox", {"train.lr": 0.3, "train.epochs": 4, "mu": 0.5, "train.momentum": 0.1}, {})
    arguments = ("run", "fedprox", "--data", "watch", "--set", "mu=0.7", "--lr", "0.2", "--profile", "tuned/watch")
    assert call(*arguments).status == 130
    assert seen["settings"] == {"mu": "0.7", "train.epochs": 4, "train.momentum": 0.1}, "what is said goes before"
    assert seen["lr"] == 0.2
    assert (seen["method"], seen["data"]) == ("fedprox", "watch")


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "fedavg", "--data", "watch", "--profile"),
        ("run", "fedavg", "--profile", "--data", "watch"),
        ("run", "fedavg", "--data", "watch"),
    ],
)
def test_without_a_name_no_setting_comes_of_it(call: Call, seen: dict[str, Any], arguments: tuple[str, ...]) -> None:
    assert call(*arguments).status == 130
    assert seen["settings"] == {}
    assert seen["data"] == "watch"


def test_a_method_after_it_is_taken_for_a_name(call: Call) -> None:
    assert call("run", "--profile", "fedavg", "--data", "watch") == (
        2,
        "",
        "error: no METHOD is left: --profile took 'fedavg' for the name of a profile; name the METHOD before it, as in "
        "'counterpoint run fedavg --profile': see 'counterpoint run --help'\n",
    )
    assert "missing argument 'METHOD'" in call("run", "--data", "watch", "--profile").err


def test_a_profile_that_is_not_there(call: Call, tmp_path: Path) -> None:
    status, out, err = call("run", "fedavg", "--data", "watch", "--profile", "tuned/watch")
    assert (status, out) == (2, "")
    assert err.startswith("error: there is no profile 'tuned/watch' (no file profiles/tuned/watch.toml)")
    save_profile("mine", "local", {}, {})
    err = call("run", "fedavg", "--data", "watch", "--profile", "mine").err
    assert err == "error: profile 'mine' has no settings for fedavg, but for local\n"
    assert not (tmp_path / "runs").exists()


def test_a_setting_that_the_method_has_not(call: Call) -> None:
    save_profile("mine", "fedavg", {"mu": 1}, {})
    assert "unknown setting for fedavg 'mu'" in call("run", "fedavg", "--data", "watch", "--profile", "mine").err


def test_help_says_both(call: Call) -> None:
    text = " ".join(call("run", "--help").out.split())
    assert "--profile [NAME]" in text
    assert "take the settings that this profile has for the method" in text
    assert "Without: also print where the time went." in text


def test_the_run_holds_the_settings_themselves(call: Call, quick: tuple[str, ...], tmp_path: Path) -> None:
    from counterpoint.report.command import command_line
    from counterpoint.runs.config import RunConfig

    save_profile("mine", "fedprox", {"train.lr": 0.3, "mu": 0.5}, {})
    status, out, _ = call("run", "fedprox", *quick, "--profile", "mine", "--out", "here")
    assert status == 0
    assert "where the time went" not in out
    config = RunConfig.read(tmp_path / "here" / "config.toml")
    assert (config.train.lr, config.options) == (0.3, {"mu": 0.5})
    command = command_line(config)
    assert "--lr 0.3" in command and "--set mu=0.5" in command and "profile" not in command


def test_a_variant_that_set_names_takes_its_own_section(call: Call, seen: dict[str, Any]) -> None:
    save_profile("mine", "fedavg", {"train.lr": 0.3}, {})
    save_profile("mine", "fedavg[term=pmr]", {"train.lr": 0.2, "term": "pmr", "term.alpha": 0.4}, {})
    call("run", "fedavg", "--data", "watch", "--profile", "mine")
    assert seen["settings"] == {"train.lr": 0.3}
    call("run", "fedavg", "--data", "watch", "--profile", "mine", "--set", "term=pmr")
    assert seen["settings"] == {"train.lr": 0.2, "term": "pmr", "term.alpha": 0.4}
