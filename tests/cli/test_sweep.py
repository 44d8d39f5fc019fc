"""`counterpoint sweep`: a real search, small; and what it says."""

import io
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

pytest.importorskip("optuna")

from counterpoint.cli.sweeping import Display, Lines, print_found, told
from counterpoint.experiments import Condition, Variant
from counterpoint.experiments.tuning import Attempt, Found, Study, Sweep
from counterpoint.experiments.worker import Event

SMALL = ("--data", "mfeat", "--partition", "dirichlet:0.5", "--clients", "3", "--rounds", "2", "--jobs", "1")
SWEEP = ("sweep", "fedavg", *SMALL, "--trials", "2")


@pytest.mark.slow
def test_it_saves_what_it_found_and_goes_on(call: Callable[..., Any], tmp_path: Path) -> None:
    status, out, err = call(*SWEEP, "--set", "train.momentum=0.5", "--over", "train.lr=0.2,0.4")
    assert status == 0
    assert err.splitlines()[0] == "2 trials, 1 at a time"
    assert "1 of 2: fedavg[" not in err
    assert "best settings: fedavg on mfeat, dirichlet:0.5, clients 3" in out
    assert "counterpoint run fedavg --data mfeat --profile tuned/mfeat" in out
    section = tomllib.loads((tmp_path / "profiles/tuned/mfeat.toml").read_text())["fedavg"]
    assert section["settings"].keys() == {"train.momentum", "train.lr", "train.weight_decay"}
    budget = section["budget"]
    assert (budget["trials"], budget["rounds"], budget["seed"], budget["measure"]) == (2, 2, 0, "accuracy")
    assert budget["data"]["partition"] == "dirichlet:0.5"
    assert budget["data"]["validation"] == 0.2
    assert budget["space"]["train.lr"] == "0.2,0.4"
    assert budget["versions"].keys() == {"counterpoint", "optuna", "torch", "python"}
    assert budget["score"] >= budget["score_of_defaults"]
    status, out, err = call(
        *SWEEP[:-1], "3", "--set", "train.momentum=0.5", "--over", "train.lr=0.2,0.4", "--json", "--name", "other"
    )
    assert status == 0
    assert err.splitlines()[0] == "3 trials, 1 at a time; 2 done already"
    found = json.loads(out)
    assert out.count("\n") == 1
    assert (found["method"], found["profile"], found["file"]) == ("fedavg", "other", "profiles/other.toml")
    assert found["budget"]["trials"] == 3
    assert len(list((tmp_path / found["out"] / "trials").iterdir())) == 3
    status, out, err = call("run", "fedavg", *SMALL[:-2], "--profile", "tuned/mfeat", "--quiet", "--out", "tuned")
    assert (status, out, err) == (0, "", "")
    config = tomllib.loads((tmp_path / "tuned/config.toml").read_text())
    assert config["train"]["momentum"] == 0.5
    assert config["train"]["lr"] == float(section["settings"]["train.lr"])
    assert config["data"]["validation"] == 0.0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sweep", "fedavg", *SMALL), "missing option '--trials'"),
        (("sweep", "fedavg", *SMALL, "--trials", "0"), "--trials"),
        (
            (*SWEEP, "--over", "train.lr"),
            "--over train.lr: write --over KEY=VALUE, for example --over train.lr=0.01,0.1",
        ),
        ((*SWEEP, "--over", "mu=1,2"), "unknown setting for fedavg 'mu'"),
        ((*SWEEP, "--set", "train.lr=1", "--over", "train.lr=1,2"), "train.lr is set to 1: leave out one of them"),
        ((*SWEEP, "--measure", "speed"), "--measure speed: there are accuracy, macro_f1, auc, loss"),
        ((*SWEEP, "--validation", "0"), "--validation 0: give a share above 0 and below 1, for example 0.2"),
        ((*SWEEP, "--name", "a b"), "'a b' is no name for a profile"),
        ((*SWEEP, "--clients", "5000"), "5000"),
        ((*SWEEP, "--labels", "server"), "fedavg learns from labels"),
        (("sweep", "fedavgg", *SWEEP[2:]), "unknown method 'fedavgg'"),
        (("sweep", "fedavg", "--data", "mfaet", "--trials", "2"), "unknown data set 'mfaet': did you mean 'mfeat'?"),
        ((*SWEEP, "--missing-test", "none"), "unknown option '--missing-test'"),
    ],
)
def test_mistakes_are_named_and_leave_nothing(
    call: Callable[..., Any], arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    status, out, err = call(*arguments)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1 and err.startswith("error: ")
    assert said in err
    assert not list(tmp_path.iterdir())


def study_of(method: str = "fedprox") -> Any:
    """What the displays need of a search."""
    condition = Condition("mfeat", {"partition": "iid", "rounds": 4})
    sweep = Sweep.of(Variant.parse(method), condition, 3)
    return SimpleNamespace(sweep=sweep, over=1, path=Path("runs/sweep"))


def attempt_of(study: Any, number: int, state: Any, **more: Any) -> Attempt:
    settings = {"mu": 0.1} if number else {}
    return Attempt(number, settings, study.sweep.case(settings), None, state=state, **more)  # type: ignore[arg-type]


def console(*, terminal: bool = False) -> Console:
    return Console(width=100, markup=False, record=True, file=io.StringIO(), force_terminal=terminal)


def test_what_became_of_a_trial() -> None:
    study = study_of()
    says = {
        "fedprox on mfeat, iid: accuracy 0.250 with the settings as they are": (0, "done", {"scores": {4: 0.25}}),
        "fedprox on mfeat, iid: given up after round 2 with mu=0.1": (1, "pruned", {"scores": {1: 0.1, 2: 0.1}}),
        "fedprox on mfeat, iid: failed: no way with mu=0.1": (1, "failed", {"why": "no way"}),
    }
    for text, (number, state, more) in says.items():
        assert told(study, attempt_of(study, number, state, **more)) == text


def test_lines_where_there_is_no_terminal() -> None:
    study, shown = study_of(), console()
    lines = Lines(shown)
    lines.begins([study], 2)
    done = attempt_of(study, 1, "done", scores={4: 0.25})
    lines.progress(study, done, Event("done", "x"), 200.0)
    lines.settled(study, [done, attempt_of(study, 2, "failed", why="no way")])
    lines.ends()
    assert shown.export_text().splitlines() == [
        "3 trials, 2 at a time; 1 done already",
        "2 of 3: fedprox on mfeat, iid: accuracy 0.250 with mu=0.1; about 3 min left",
        "3 of 3: fedprox on mfeat, iid: failed: no way with mu=0.1",
    ]


def test_a_bar_in_a_terminal() -> None:
    study, shown = study_of(), console(terminal=True)
    display = Display(shown)
    display.begins([study, study], 2)
    running = attempt_of(study, 1, "running", scores={1: 0.2})
    display.progress(study, running, Event("round", "sweep/1", 1, 3.0), 45.0)
    bar = display._bar.tasks[0]
    assert (bar.total, bar.completed, bar.fields["at"], bar.fields["left"]) == (
        16,
        1,
        "2 of 6 trials",
        "about 45 s left",
    )
    running.state = "done"
    running.scores[4] = 0.5
    display.progress(study, running, Event("done", "sweep/1"), None)
    assert (bar.completed, bar.fields["left"]) == (4, "")
    display.settled(study, [running])
    display.ends()
    text = shown.export_text()
    assert "2 searches, 6 trials in all, 2 at a time; 2 done already" in text
    assert "3 of 6: fedprox on mfeat, iid: accuracy 0.500 with mu=0.1\n" in text


def test_the_last_table() -> None:
    study, shown = study_of(), console()
    settings = {"train.lr": 0.3, "train.weight_decay": 0.0, "mu": 0.002}
    found = Found(settings, 0.81234, 7, 0.5, 5, 2, 1, {"mu": 0.75, "train.lr": 0.25})
    print_found(shown, study, found, "tuned/mfeat", Path("profiles/tuned/mfeat.toml"))
    rows = [" ".join(line.split()) for line in shown.export_text().splitlines()]
    for row in (
        "best settings: fedprox on mfeat, iid",
        "setting found before searched importance",
        "train.lr 0.3 0.1 0.001..1:log 25%",
        "train.weight_decay 0.0 0.0 0 or 1e-05..0.01:log 0%",
        "mu 0.002 0.01 0.0001..1:log 75%",
        "score accuracy of validation rows 0.812, with the settings as they were 0.500",
        "trials 8: 5 done, 2 given up early, 1 failed",
        "folder runs/sweep",
        "profile profiles/tuned/mfeat.toml; counterpoint run fedprox --data mfeat --profile tuned/mfeat",
    ):
        assert row in rows


def test_a_search_whose_first_trial_fails(call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from counterpoint.experiments import tuning

    def fail(studies: list[Study], **_: Any) -> list[None]:
        studies[0].why = "no memory"
        return [None]

    monkeypatch.setattr(tuning, "conduct", fail)
    assert call(*SWEEP) == (2, "", "error: the first trial, with the settings as they are, failed: no memory\n")


def test_a_search_that_was_stopped(call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from counterpoint.experiments import tuning
    from counterpoint.runs import Stopped

    def stop(*_: Any, **__: Any) -> None:
        raise Stopped("stopped; go on")

    monkeypatch.setattr(tuning, "conduct", stop)
    assert call(*SWEEP) == (130, "", "stopped; go on\n")
