"""Workers: order, results, failures, and that none is left behind."""

import gc
import logging
import os
import select
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, overload

import pytest
import torch
from torch import Tensor

from counterpoint.engines import arena
from counterpoint.engines.crew import AHEAD, Crew, can_fork
from counterpoint.errors import CounterpointError, UserError

pytestmark = pytest.mark.skipif(not can_fork(), reason="needs fork")
Start = Callable[..., Crew]


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TimeoutError("hangs")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def start() -> Iterator[Start]:
    crews: list[Crew] = []

    def make(work: Callable[[Any], Any], workers: int = 2) -> Crew:
        crews.append(Crew(workers, work))
        return crews[-1]

    yield make
    for crew in crews:
        crew.close()


def pids(crew: Crew) -> list[int]:
    return [worker.process.pid for worker in crew._workers]


def alive(pid: int) -> bool:
    """Whether there is such a process that is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def sockets() -> int:
    return sum(f.is_socket() for f in Path("/proc/self/fd").iterdir())


def gone(processes: Sequence[int], seconds: float = 3.0) -> bool:
    end = time.monotonic() + seconds
    while any(alive(pid) for pid in processes) and time.monotonic() < end:
        time.sleep(0.01)
    return not any(alive(pid) for pid in processes)


def slow_first(task: int) -> tuple[int, int]:
    time.sleep(0.3 if task == 0 else 0.001)
    return task, os.getpid()


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_order_and_numbers_whatever_the_workers(start: Start, workers: int):
    weights = torch.randn(30, 30, generator=torch.Generator().manual_seed(3))

    def work(task: tuple[int, Tensor]) -> dict[str, Any]:
        time.sleep((task[0] * 7 % 5) / 1000)
        return {"place": task[0], "y": (task[1] @ weights).tanh()}

    tasks = [(i, torch.full((4, 30), float(i))) for i in range(25)]
    crew = start(work, workers)
    for n in (25, 0, 1, 2, 25):
        results = list(crew.run(tasks[:n]))
        assert [r["place"] for r in results] == list(range(n))
        assert all(torch.equal(r["y"], work(task)["y"]) for r, task in zip(results, tasks, strict=False))


def test_a_free_worker_takes_the_next_task(start: Start):
    crew = start(slow_first)
    results = list(crew.run(range(5)))
    assert [task for task, _ in results] == list(range(5))
    assert results[0][1] not in {pid for _, pid in results[1:]} and len({pid for _, pid in results[1:]}) == 1


def test_first_result_does_not_wait_for_the_last(start: Start):
    def work(task: float) -> float:
        time.sleep(task)
        return task

    run = start(work).run([0.0, 5.0])
    begin = time.monotonic()
    assert next(run) == 0.0 and time.monotonic() - begin < 2


def test_workers_go_on_while_the_caller_does_something_else(start: Start):
    def work(task: float) -> float:
        time.sleep(task)
        return time.monotonic()

    run = start(work).run([0.0, 0.1, 0.1, 0.1])
    next(run)
    busy = time.monotonic()
    time.sleep(0.4)
    assert max(next(run), next(run)) < busy + 0.3


class Watched(Sequence[int]):
    """Tasks that know how many were taken."""

    def __init__(self, n: int) -> None:
        self.n, self.taken = n, list[int]()

    def __len__(self) -> int:
        return self.n

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[int]: ...
    def __getitem__(self, place: Any) -> Any:
        self.taken.append(place)
        return place


def test_results_that_wait_are_bounded(start: Start):
    tasks = Watched(40)
    for consumed, (task, _) in enumerate(start(slow_first).run(tasks)):
        assert task == consumed and len(tasks.taken) <= consumed + AHEAD * 2
    assert tasks.taken == list(range(40))


def test_results_are_received_while_others_are_consumed(start: Start):
    tasks = Watched(40)
    run = start(slow_first).run(tasks)
    for _ in range(6):
        next(run)
        time.sleep(0.04)
    assert len(tasks.taken) >= 10


def test_results_are_kept_and_tasks_untouched(start: Start):
    def work(task: dict[str, Tensor]) -> list[Tensor]:
        task["x"] += 1
        return [task["x"], task["x"][1:], task["y"], task["x"]]

    crew = start(work, 1)
    tasks = [{"x": torch.full((1000,), float(i)), "y": torch.full((3, 2), i)} for i in range(6)]
    results = [r for _ in range(2) for r in crew.run(tasks)]
    for i, (x, rows, y, again) in enumerate(results):
        assert x is again and y.shape == (3, 2) and y.dtype == torch.int64
        assert set(x.tolist()) == set(rows.tolist()) == {i % 6 + 1.0} and set(y.flatten().tolist()) == {i % 6}
        assert len(rows) == 999
    assert all(set(t["x"].tolist()) == {float(i)} for i, t in enumerate(tasks))
    for x, *_ in results:
        x.fill_(-1.0)
    assert all(set(r[2].flatten().tolist()) == {i % 6} for i, r in enumerate(results))


def test_more_than_the_mapping_holds(start: Start, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(arena, "SIZE", 2**16)
    tasks = [[torch.full((2**n,), float(n)) for n in (3, 18, 4, 19)] for _ in range(5)]
    results = list(start(lambda task: [x * 2 for x in task]).run(tasks))
    assert len(results) == 5
    assert all(torch.equal(y, 2 * x) for r, t in zip(results, tasks, strict=True) for x, y in zip(t, r, strict=True))


def test_workers_have_one_thread_and_leave_the_rest(start: Start):
    def work(task: None) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        calm = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
        return torch.get_num_threads(), calm, [id(h) for h in logging.getLogger().handlers]

    handlers = [id(h) for h in logging.getLogger().handlers]
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        results = list(start(work).run([None] * 4))
    finally:
        torch.set_num_threads(threads)
    assert results == [(1, (signal.SIG_IGN, signal.SIG_IGN), handlers)] * 4


class PicklesButDoesNotUnpickle(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def failing(task: Any) -> Any:
    match task:
        case "value":
            raise UserError("what is wrong")
        case "local":
            raise type("LocalError", (ValueError,), {})("a class of its own")
        case "halfway":
            raise PicklesButDoesNotUnpickle(1, 2)
        case "result":
            return lambda: 0
    return task


def test_exceptions_come_in_their_place_and_the_crew_goes_on(start: Start):
    crew = start(failing)
    run = crew.run([torch.ones(2), 1, "value", torch.ones(1000), 4])
    assert torch.equal(next(run), torch.ones(2)) and next(run) == 1
    with pytest.raises(UserError) as caught:
        next(run)
    assert (
        str(caught.value) == "what is wrong"
        and len(caught.value.__notes__) == 1
        and "in failing" in caught.value.__notes__[0]
    )
    assert list(run) == [] and list(crew.run([5, 6])) == [5, 6]


@pytest.mark.parametrize(
    ("task", "text"),
    [("local", "LocalError: a class of its own"), ("halfway", "PicklesButDoesNotUnpickle: 1 and 2")],
)
def test_exceptions_that_do_not_travel(start: Start, task: str, text: str):
    crew = start(failing)
    with pytest.raises(CounterpointError) as caught:
        list(crew.run([task]))
    assert str(caught.value) == f"a worker process failed: {__name__}.{text}"
    assert "in failing" in caught.value.__notes__[0]
    assert list(crew.run([5, 6])) == [5, 6]


def test_what_cannot_be_pickled(start: Start):
    crew = start(failing)
    with pytest.raises((AttributeError, TypeError), match="pickle"):
        list(crew.run(["result"]))
    with pytest.raises((AttributeError, TypeError), match="pickle"):
        list(crew.run([1, lambda: 0]))
    assert list(crew.run([5, 6, 7])) == [5, 6, 7]


def test_early_end(start: Start):
    def work(task: int) -> Tensor:
        time.sleep(0.05)
        return torch.full((10,), task)

    crew = start(work)
    for base in (0, 100, 200):
        with closing(crew.run(range(base, base + 20))) as run:
            assert int(next(run)[0]) == base
    run = crew.run([7, 8, 9])
    assert int(next(run)[0]) == 7
    assert [int(r[0]) for r in crew.run([1, 2, 3, 4])] == [1, 2, 3, 4]
    with pytest.raises(CounterpointError, match="another has begun"):
        next(run)


@pytest.mark.parametrize(
    ("sent", "text"), [(signal.SIGKILL, "memory ran out.*--workers"), (signal.SIGUSR1, "signal 10")]
)
def test_worker_that_dies(start: Start, sent: signal.Signals, text: str):
    def work(task: int) -> int:
        if task == 3:
            os.kill(os.getpid(), sent)
        return task

    crew = start(work)
    workers = pids(crew)
    with pytest.raises(CounterpointError, match=text):
        list(crew.run(range(10)))
    assert not any(alive(pid) for pid in workers)
    with pytest.raises(CounterpointError, match="closed"):
        list(crew.run([1]))


def test_worker_that_dies_between_runs(start: Start):
    crew = start(lambda task: task)
    os.kill(pids(crew)[0], signal.SIGKILL)
    with pytest.raises(CounterpointError, match="memory ran out"):
        list(crew.run(range(4)))
    assert gone(pids(crew), 0)


def test_close_ends_workers_at_once_and_twice_is_once(start: Start):
    crew = start(time.sleep)
    run = crew.run([0, 60, 60])
    next(run)
    workers = pids(crew)
    assert all(alive(pid) for pid in workers)
    crew.close()
    crew.close()
    assert gone(workers, 0)
    with pytest.raises(CounterpointError, match="closed"):
        next(run)


def test_garbage_has_no_workers():
    crew = Crew(2, lambda task: task)
    workers, files = pids(crew), open_files()
    assert list(crew.run([1])) == [1] and all(alive(pid) for pid in workers)
    del crew
    gc.collect()
    assert gone(workers, 0) and open_files() < files


def test_a_fork_leaves_the_workers_to_their_server(start: Start):
    crew = start(lambda task: task)
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            crew.close()
            del crew
            gc.collect()
            os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert list(crew.run([1, 2, 3])) == [1, 2, 3]


def test_workers_do_not_hold_each_others_pipes(start: Start):
    def work(task: float) -> tuple[int, int]:
        time.sleep(task)
        return os.getpid(), sockets()

    before = sockets()
    start(work)
    seen = dict(start(work, 3).run([0.1, 0.1, 0.1]))
    assert len(seen) == 3 and set(seen.values()) == {before + 1}


def test_no_crew_of_nobody():
    with pytest.raises(ValueError, match="0"):
        Crew(0, lambda task: task)


def script(text: str) -> subprocess.Popen[str]:
    before = """
    import os, subprocess, sys, time, torch
    from counterpoint.engines.crew import Crew
    def pids(*crews):
        print(*(w.process.pid for c in crews for w in c._workers), flush=True)
    """
    code = textwrap.dedent(before) + textwrap.dedent(text)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], 15)[0], "says nothing"
    return process.stdout.readline()


def test_nothing_is_left_of_a_killed_server():
    """One worker in a task, others idle; two crews that hold each other's files; and a process that outlives all."""
    with script(
        """
        first = Crew(2, time.sleep)
        second = Crew(2, time.sleep)
        if os.fork() == 0:
            time.sleep(4)
            os._exit(0)
        run = first.run([0.0, 60.0])
        next(run)
        pids(first, second)
        time.sleep(60)
        """
    ) as server:
        workers = [int(pid) for pid in line(server).split()]
        assert len(workers) == 4 and all(alive(pid) for pid in workers)
        server.kill()
        assert gone(workers, 2)


def test_a_server_that_just_ends_takes_its_workers_along():
    with script("crew = Crew(2, time.sleep); next(crew.run([0.0, 60.0, 60.0])); pids(crew)") as server:
        workers = [int(pid) for pid in line(server).split()]
        assert server.wait(5) == 0 and len(workers) == 2 and gone(workers, 0)


def test_after_the_server_computed_with_threads():
    """A fork after OpenMP has threads hangs if it wants threads too."""
    with script(
        """
        torch.set_num_threads(2)
        w = torch.randn(600, 600, requires_grad=True)
        def work(task):
            (w @ w).relu().sum().backward()
            return float(w.grad.sum()) == float(w.grad.sum())
        work(0)
        print(all(Crew(2, work).run(range(4))), flush=True)
        """
    ) as server:
        assert line(server) == "True\n"
        assert server.wait(5) == 0
