"""Searches with real runs in real processes: the same whoever is the quickest, and after a death."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("optuna")

from counterpoint.errors import UserError
from counterpoint.experiments import Condition, Variant
from counterpoint.experiments.tuning import Attempt, Found, Observer, Study, Sweep, conduct
from counterpoint.experiments.worker import Event
from counterpoint.runs import Stopped

OPTIONS = {"partition": "dirichlet:0.5", "clients": 3, "rounds": 4, "epochs": 1}
TRIALS = 6


class Keeps(Observer):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.left: list[float | None] = []
        self.settlements: list[list[Attempt]] = []
        self.calls: list[str] = []

    def begins(self, studies: Sequence[Study], jobs: int) -> None:
        self.calls.append(f"begins {len(studies)} {jobs}")

    def progress(self, study: Study, attempt: Attempt, event: Event, seconds_left: float | None) -> None:
        self.events.append(event)
        self.left.append(seconds_left)

    def settled(self, study: Study, attempts: Sequence[Attempt]) -> None:
        self.settlements.append(list(attempts))

    def ends(self) -> None:
        self.calls.append("ends")


def sweep(trials: int = TRIALS, method: str = "fedavg", **options: object) -> Sweep:
    return Sweep.of(Variant.parse(method), Condition("mfeat", {**OPTIONS, **options}), trials)


def tried(study: Study) -> list[object]:
    with study.alone():
        return [(t.params, t.state.name, t.value, t.intermediate_values) for t in study._study.get_trials()]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Found, Keeps]:
    study, observer = Study(sweep(), tmp_path_factory.mktemp("sweeps") / "done"), Keeps()
    (found,) = conduct([study], jobs=2, observer=observer)
    assert found is not None
    return study, found, observer


@pytest.mark.slow
def test_it_finds_something(done: tuple[Study, Found, Keeps]) -> None:
    _study, found, observer = done
    assert found.trials == TRIALS
    assert found.score >= found.usual
    assert observer.calls == ["begins 1 2", "ends"]
    assert [attempt.number for batch in observer.settlements for attempt in batch] == list(range(TRIALS))
    assert any(seconds is not None and seconds > 0 for seconds in observer.left)
    assert observer.left[-1] is None
    assert sum(event.kind == "done" for event in observer.events) + found.pruned >= TRIALS


@pytest.mark.slow
def test_one_process_finds_the_same(done: tuple[Study, Found, Keeps], tmp_path: Path) -> None:
    study = Study(sweep(), tmp_path / "one")
    (found,) = conduct([study], jobs=1)
    assert found == done[1]
    assert tried(study) == tried(done[0])


@pytest.mark.slow
def test_killed_and_started_again_it_finds_the_same(done: tuple[Study, Found, Keeps], tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-m", "counterpoint", "sweep", "fedavg", "--data", "mfeat", "--partition", "dirichlet:0.5"),
        *("--clients", "3", "--rounds", "4", "--set", "train.epochs=1", "--trials", str(TRIALS), "--jobs", "2"),
        *("--out", str(tmp_path / "out"), "--name", str(tmp_path / "profile.toml"), "--quiet"),
    ]
    process = subprocess.Popen(command)
    deadline = time.monotonic() + 120
    while not list((tmp_path / "out").glob("trials/0002/config.toml")):
        assert time.monotonic() < deadline, "the third trial never began"
        assert process.poll() is None, "it was over before it was killed"
        time.sleep(0.02)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "profile.toml").exists()
    subprocess.run(command, check=True)
    variant = Variant("fedavg", "fedavg", {"train.epochs": "1"})
    options = {name: value for name, value in OPTIONS.items() if name != "epochs"}
    again = Study(Sweep.of(variant, Condition("mfeat", options), TRIALS), tmp_path / "out")
    assert tried(again) == tried(done[0])
    assert (tmp_path / "profile.toml").is_file()


@pytest.mark.slow
def test_the_first_trial_that_fails_says_why(tmp_path: Path) -> None:
    studies = [Study(sweep(labels="server"), tmp_path / "bad"), Study(sweep(2), tmp_path / "good")]
    bad, good = conduct(studies, jobs=2)
    assert bad is None
    assert "fedavg learns from labels" in studies[0].why
    assert good is not None
    assert good.trials == 2


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    first, second = (Study(sweep(), tmp_path / "out") for _ in range(2))
    with first.alone(), pytest.raises(UserError, match=r"another process works on"):
        conduct([second], jobs=1)


class Interrupts(Keeps):
    """Presses Ctrl-C, for this process alone, once a trial has scored."""

    def progress(self, study: Study, attempt: Attempt, event: Event, seconds_left: float | None) -> None:
        super().progress(study, attempt, event, seconds_left)
        if event.scores and "stopping" not in self.calls:
            os.kill(os.getpid(), signal.SIGINT)

    def stopping(self) -> None:
        self.calls.append("stopping")


@pytest.mark.slow
def test_stopped_and_started_again_it_finds_the_same(done: tuple[Study, Found, Keeps], tmp_path: Path) -> None:
    study, observer = Study(sweep(), tmp_path / "out"), Interrupts()
    with pytest.raises(Stopped, match=r"stopped; what is done is kept in .*out: give the same command again to go on"):
        conduct([study], jobs=1, observer=observer)
    assert observer.calls == ["begins 1 1", "stopping", "ends"]
    assert [event.task for event in observer.events if event.kind == "done"] == ["out/0"]
    (found,) = conduct([Study(sweep(), tmp_path / "out")], jobs=2)
    assert found == done[1]
    assert tried(study) == tried(done[0])


@pytest.mark.slow
def test_ctrl_c_while_processes_start(tmp_path: Path) -> None:
    """It reaches all processes of a terminal; those that still import are none the worse for it."""
    command = [
        *(sys.executable, "-m", "counterpoint", "sweep", "fedavg", "--data", "mfeat", "--partition", "iid"),
        *("--rounds", "50", "--trials", "4", "--jobs", "1", "--out", str(tmp_path / "out")),
    ]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while '"settings"' not in (text_of(tmp_path / "out" / "journal.log")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 130
    assert told.splitlines()[:2] == [
        "4 trials, 1 at a time",
        "stopping once every run has ended its round; press Ctrl-C again to stop at once",
    ]
    assert "Traceback" not in told
    study = Study(
        Sweep.of(Variant.parse("fedavg"), Condition("mfeat", {"partition": "iid", "rounds": 50}), 4), tmp_path / "out"
    )
    with study.alone():
        assert study.over == 0


def text_of(path: Path) -> str:
    return path.read_text() if path.exists() else ""
