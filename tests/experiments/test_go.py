"""Doing a comparison: real runs in real processes, found again, gone on with, failed, killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from counterpoint.errors import UserError
from counterpoint.experiments import Case, Comparison, Results, Store, cases, load
from counterpoint.experiments.go import Observer, Plan, compare
from counterpoint.experiments.probe import prices
from counterpoint.experiments.worker import Event
from counterpoint.runs import begin

QUICK = {"evaluate.after": "false"}
VALUES = {
    "methods": ["fedavg", "local"],
    "data": [{"name": "mfeat", "partition": "dirichlet:0.5", "clients": 3}],
    "seeds": 2,
    "rounds": 2,
    "settings": QUICK,
}


class Keeps(Observer):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.events: list[tuple[Event, float | None]] = []
        self.ended = False

    def begins(self, plan: Plan, jobs: int) -> None:
        self.plans.append(plan)

    def progress(self, event: Event, case: Case, seconds_left: float | None) -> None:
        self.events.append((event, seconds_left))

    def ends(self) -> None:
        self.ended = True

    def tasks(self, kind: str) -> list[str]:
        return [event.task for event, _ in self.events if event.kind == kind]


def work(out: Path, values: dict[str, object], jobs: int = 2) -> tuple[Results, Keeps]:
    comparison = Comparison.of(values)
    observer = Keeps()
    return compare(comparison, cases(comparison), Store.create(out, comparison), jobs=jobs, observer=observer), observer


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Results, Keeps]:
    """A finished comparison; not to be changed."""
    out = tmp_path_factory.mktemp("comparisons") / "done"
    return out, *work(out, VALUES)


@pytest.mark.slow
def test_every_run_is_done_and_gives_what_it_gives_alone(done: tuple[Path, Results, Keeps], tmp_path: Path) -> None:
    _, results, observer = done
    assert not results.failures
    assert not results.missing
    assert len(results.outcomes) == 4
    assert observer.ended
    assert sorted(observer.tasks("done")) == sorted(case.name for case in cases(Comparison.of(VALUES)))
    rounds = [event for event, _ in observer.events if event.kind == "round" and event.round]
    assert len(rounds) == 4 * 2
    assert all(event.seconds > 0 for event in rounds)
    assert observer.events[-2][1] is not None
    first = results.outcomes[0]
    alone = begin(first.case.config, tmp_path / "alone")
    assert alone.summary["metrics"] == first.summary["metrics"]


@pytest.mark.slow
def test_scores_are_those_of_the_method(done: tuple[Path, Results, Keeps]) -> None:
    _, results, _ = done
    (condition,) = results.comparison.conditions
    fedavg, local = results.comparison.variants
    metrics = results.outcomes[0].summary["metrics"]
    assert results.scores(fedavg, condition)[0] == metrics["accuracy/global/server/global_test/observed/before"]
    assert set(results.scores(local, condition)) == {0, 1}
    of_local = results.of(local, condition)[0].summary["metrics"]
    assert (
        results.scores(local, condition, "worst")[0] == of_local["accuracy/personal/clients:worst/test/observed/after"]
    )
    assert results.patterns(condition)[0] == "fac+fou+kar+mor+pix+zer"


@pytest.mark.slow
def test_what_is_finished_is_found_again_and_only_what_is_new_is_run(done: tuple[Path, Results, Keeps]) -> None:
    out, results, _ = done
    times = {o.folder: (o.folder / "result.json").stat().st_mtime_ns for o in results.outcomes}
    again, observer = work(out, VALUES)
    assert observer.events == []
    assert times == {o.folder: (o.folder / "result.json").stat().st_mtime_ns for o in again.outcomes}
    assert [o.summary for o in again.outcomes] == [o.summary for o in results.outcomes]
    assert [o.summary for o in load(out).outcomes] == [o.summary for o in results.outcomes]


@pytest.mark.slow
def test_one_that_fails_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(
        "from counterpoint import FedAvg\n"
        "class Bad(FedAvg):\n"
        "    def round(self, fed):\n"
        "        raise ZeroDivisionError('no\\nway')\n"
        "class Dies(FedAvg):\n"
        "    def round(self, fed):\n"
        "        import os, signal\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    methods = [f"{tmp_path}/bad.py:Bad", f"{tmp_path}/bad.py:Dies", "fedavg"]
    results, _ = work(tmp_path / "out", {**VALUES, "methods": methods, "seeds": 1})
    assert [outcome.case.variant.label for outcome in results.outcomes] == ["fedavg"]
    bad, dies = results.failures.values()
    assert bad.startswith("ZeroDivisionError: no way (see ")
    assert "SIGKILL" in dies
    assert load(tmp_path / "out").failures == results.failures


@pytest.mark.slow
def test_data_that_cannot_be_dealt_out_so_fails_by_itself(tmp_path: Path) -> None:
    data = [{"name": "mfeat", "clients": 3}, {"name": "mfeat", "partition": "dirichlet:0.5", "clients": [3, 5000]}]
    results, _ = work(tmp_path / "out", {**VALUES, "data": data[1:], "seeds": 1, "methods": ["fedavg"]})
    assert len(results.outcomes) == 1
    (why,) = results.failures.values()
    assert "5000" in why or "5,000" in why


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(UserError, match="holds no comparison"):
        Store.create(tmp_path, Comparison.of(VALUES))
    with pytest.raises(UserError, match="is not the folder of a comparison"):
        load(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_run_of_another_configuration_in_its_place_is_not_taken_for_it(tmp_path: Path) -> None:
    comparison = Comparison.of(VALUES)
    store = Store.create(tmp_path / "out", comparison)
    first, second, *_ = cases(comparison)
    store.folder(first).mkdir()
    (store.folder(first) / "config.toml").write_text(second.config.toml())
    with pytest.raises(UserError, match="holds a run that is not fedavg-mfeat"):
        store.state(first)


def test_two_processes_do_not_work_in_one_folder(tmp_path: Path) -> None:
    comparison = Comparison.of(VALUES)
    store = Store.create(tmp_path / "out", comparison)
    with store.alone(), pytest.raises(UserError, match="another process works on"):
        compare(comparison, [], store, jobs=1)


@pytest.mark.slow
def test_what_it_would_cost_is_measured_and_nothing_is_left_behind(tmp_path: Path) -> None:
    comparison = Comparison.of({**VALUES, "rounds": 10})
    store = Store(tmp_path / "none")
    fedavg, local = prices(cases(comparison), store, jobs=2)
    assert (fedavg.method, fedavg.runs, fedavg.finished, fedavg.rounds) == ("fedavg", 2, 0, 20)
    assert fedavg.seconds is not None
    assert fedavg.seconds > 0
    assert fedavg.sent is not None
    assert local.sent is not None
    assert fedavg.sent > 100 * local.sent  # envelopes alone
    assert not store.path.exists()


@pytest.mark.slow
def test_of_what_is_finished_only_the_rest_is_priced(done: tuple[Path, Results, Keeps]) -> None:
    out, results, _ = done
    comparison = Comparison.of({**VALUES, "seeds": 3})
    fedavg, _ = prices(cases(comparison), Store(out), jobs=2)
    assert (fedavg.runs, fedavg.finished, fedavg.rounds) == (3, 2, 2)
    assert fedavg.sent == results.outcomes[0].sent


SCRIPT = """
import sys
from pathlib import Path
from counterpoint.experiments import Comparison, Store, cases
from counterpoint.experiments.go import Observer, compare

class Says(Observer):
    def progress(self, event, case, seconds_left):
        print(event.kind, event.round, flush=True)

if __name__ == "__main__":
    comparison = Comparison.read(Path(sys.argv[1]))
    compare(comparison, cases(comparison), Store.create(Path(sys.argv[2]), comparison), jobs=2, observer=Says())
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_killed_and_started_again_it_ends_with_the_same_numbers(tmp_path: Path, how: signal.Signals) -> None:
    values = {**VALUES, "rounds": 6}
    comparison = Comparison.of(values)
    (tmp_path / "c.toml").write_text(comparison.toml())
    (tmp_path / "go.py").write_text(SCRIPT)
    command = [sys.executable, str(tmp_path / "go.py"), str(tmp_path / "c.toml"), str(tmp_path / "cut")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes, start_new_session=True) as going:
        assert going.stdout is not None
        done = 0
        for line in going.stdout:
            done += line.startswith("done")
            if done and line.startswith("round 2"):
                break
        if how == signal.SIGINT:
            os.killpg(going.pid, how)  # as a terminal does it: to all processes
        else:
            going.send_signal(how)
        going.wait(60)
        said = going.stderr.read() if going.stderr else ""
        assert ("Stopped: stopped; what is done is kept in" in said) == (how != signal.SIGKILL), said
    wait_for_no_process_of(going.pid)
    store = Store(tmp_path / "cut")
    before = {case.name: store.state(case) for case in cases(comparison)}
    assert "finished" in before.values()
    assert "interrupted" in before.values()
    times = {
        case.name: (store.folder(case) / "result.json").stat().st_mtime_ns
        for case in cases(comparison)
        if before[case.name] == "finished"
    }
    results, observer = work(tmp_path / "cut", values)
    assert set(observer.tasks("done")) == set(before) - set(times)
    for name, when in times.items():
        assert (store.runs / name / "result.json").stat().st_mtime_ns == when
    whole, _ = work(tmp_path / "whole", values)
    assert [o.summary["metrics"] for o in results.outcomes] == [o.summary["metrics"] for o in whole.outcomes]


def wait_for_no_process_of(group: int) -> None:
    """Workers end with the process that hired them, at once."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("workers outlive the process that hired them")
