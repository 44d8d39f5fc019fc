"""The stacked engine with worker processes: the same bits, the same counts, the same errors as without."""

import logging
import multiprocessing
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from counterpoint.data.samples import Batch
from counterpoint.engines import Engine, Stacked, stacked, steps
from counterpoint.engines.crew import can_fork
from counterpoint.engines.profile import COMPUTE, EVALUATION, WAITING
from counterpoint.exchange import Package, Weights
from counterpoint.methods import METHODS, Client, FedAvg

pytestmark = pytest.mark.skipif(not can_fork(), reason="needs fork")
Make = Callable[..., Any]
SIZES = (5, 1, 14, 9, 3, 8, 4, 6, 5, 2, 7, 12, 3, 5, 8, 10, 4, 6)
"""With two clients a stack these are three jobs."""


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TimeoutError("hangs")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    assert not [p for p in multiprocessing.active_children() if "counterpoint" in p.name], "every crew was closed"


@pytest.fixture
def start(make_engine: Make, make_population: Make, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Engine]]:
    """Engines whose visits go to workers, if they have any, however short they are; all are closed."""
    monkeypatch.setattr(stacked, "WORTH", -1.0)
    monkeypatch.setattr(steps, "WORTH", 0)
    engines: list[Engine] = []

    def make(method: Any, workers: int, missing: str = "sample", **options: Any) -> Engine:
        people = options.pop("people", None) or make_population(SIZES, missing=missing)
        engine = make_engine(method, people, kind=Stacked, workers=workers, **({"stack": 2} | options))
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.close()


def told(engine: Engine, play: Make, rounds: int = 3) -> dict[str, Any]:
    """All that a run leaves behind."""
    traffic = []
    for _ in range(rounds):
        play(engine)
        traffic.append((dict(engine.log.traffic), sorted(engine.log.refused)))
    method = engine.method
    scores = {c: a.sums for c, a in engine.ask(engine.clients, method.score_after, method.offer()).items()}
    return {"weights": method.weights, "memories": engine.memories(), "scores": scores, "traffic": traffic}


def same(a: Any, b: Any) -> bool:
    """Equal in every bit."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return torch.equal(a, b) if isinstance(a, Tensor) else a == b


@pytest.mark.parametrize(
    ("name", "missing", "stack"),
    [("fedavg", "sample", 2), ("fedavg", "client", 4), ("scaffold", "sample", 4), ("local", "client", 2)],
)
def test_the_result_does_not_depend_on_the_number_of_workers(
    start: Callable[..., Engine], play: Make, name: str, missing: str, stack: int
):
    found = []
    for workers in (1, 2, 3):
        engine = start(METHODS[name](), workers, missing, stack=stack)
        found.append(told(engine, play))
        assert (engine._crew is not None) is (workers > 1)
        assert all(bool(v.isfinite().all()) for v in found[-1]["weights"].values())
        engine.close()
    assert same(found[0], found[1]) and same(found[0], found[2])
    if name != "fedavg":
        assert len(found[0]["memories"]) >= len(SIZES), "memories came back from the workers"


def test_nor_on_when_the_workers_begin(start: Callable[..., Engine], play: Make, monkeypatch: pytest.MonkeyPatch):
    """A first round in this process, the next in workers that were forked after it, and then one here again."""
    expected = told(start(METHODS["scaffold"](), 1), play, 4)
    engine = start(METHODS["scaffold"](), 2)
    traffic = []
    for worth in (float("inf"), -1.0, float("inf"), -1.0):
        monkeypatch.setattr(stacked, "WORTH", worth)
        play(engine)
        traffic.append((dict(engine.log.traffic), []))
    assert same(engine.method.weights, expected["weights"]) and same(engine.memories(), expected["memories"])
    assert traffic == expected["traffic"]


def test_work_that_is_not_worth_it_stays_here(
    start: Callable[..., Engine], play: Make, monkeypatch: pytest.MonkeyPatch
):
    engine = start(FedAvg(), 2)
    monkeypatch.setattr(stacked, "WORTH", float("inf"))
    play(engine, 2)
    assert engine._crew is None
    monkeypatch.setattr(stacked, "WORTH", -1.0)
    engine.begin(3)
    engine.visit([0, 1, 2], engine.method.local, engine.method.offer())
    assert engine._crew is None, "one job is not divided"


class Drop(nn.Module):
    """Of one modality, with dropout, which draws from each client's own randomness."""

    def __init__(self, modalities: Any, task: Any) -> None:
        super().__init__()
        self.first, self.drop, self.head = nn.Linear(6, 8), nn.Dropout(0.4), nn.Linear(8, len(task.classes))

    def forward(self, batch: Batch) -> Tensor:
        return self.head(self.drop(self.first(batch.x["acc"].flatten(1)).relu()))


@pytest.mark.parametrize("stack", [1, 2])
def test_randomness_in_layers(
    start: Callable[..., Engine], make_population: Make, make_model: Make, play: Make, stack: int
):
    people = make_population(SIZES, ["acc"])
    found = [
        told(start(FedAvg(), workers, people=people, model=make_model(people, builder=Drop), stack=stack), play, 2)
        for workers in (1, 2, 3)
    ]
    assert same(found[0], found[1]) and same(found[0], found[2])


class Branching(FedAvg):
    def loss(self, params: Any, batch: Any, using: Any) -> Tensor:
        value = super().loss(params, batch, using).mean()
        return value if value > 0.5 else 2 * value


def test_what_a_stack_cannot_do_is_found_by_a_worker_and_said_once(
    start: Callable[..., Engine], play: Make, caplog: pytest.LogCaptureFixture
):
    expected = told(start(Branching(), 1), play)
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="counterpoint"):
        found = told(start(Branching(), 2), play)
    lines = [r.getMessage() for r in caplog.records if "one at a time" in r.getMessage()]
    assert len(lines) == 1 and "vmap" in lines[0]
    assert same(found, expected)


class Broken(FedAvg):
    """A program beside the usual one fails."""

    def broken(self, client: Client, received: Weights) -> Weights:
        return Weights(client.train(client.load(received.weights), self.explode))

    def explode(self, params: Any, batch: Any, using: Any) -> Tensor:
        raise ZeroDivisionError("its own error")


@pytest.mark.parametrize("stack", [1, 2])
def test_a_program_that_fails_raises_its_own_error_from_a_worker(start: Callable[..., Engine], play: Make, stack: int):
    expected = told(start(Broken(), 1, stack=stack), play, 2)
    engine = start(Broken(), 2, stack=stack)
    play(engine)
    with pytest.raises(ZeroDivisionError, match="its own error") as failed:
        engine.visit(engine.clients, engine.method.broken, engine.method.offer())
    assert "In a worker process" in "".join(failed.value.__notes__)
    play(engine)
    assert same(engine.method.weights, expected["weights"]), "and the engine goes on"


def test_a_stream_that_is_left_early(start: Callable[..., Engine], play: Make):
    """What a method does not wait for does no harm to the next visit."""
    expected = told(start(FedAvg(), 1), play, 2)
    engine = start(FedAvg(), 2)
    engine.begin(1)
    next(engine.stream(engine.clients, engine.method.local, engine.method.offer()))
    engine.begin(0)
    found = told(engine, play, 2)
    assert same(found["weights"], expected["weights"])


def test_each_client_gets_its_own_package_through_workers(start: Callable[..., Engine], play: Make):
    answers = []
    for workers in (1, 2):
        engine = start(FedAvg(), workers)
        for _ in range(2):
            engine.begin(engine.round + 1)
            offer = engine.method.offer()
            packages = {c: Weights({n: v * (1 + c) for n, v in offer.weights.items()}) for c in engine.clients}
            uploads = engine.visit(engine.clients, engine.method.local, packages)
        answers.append({u.client: u.weights for u in uploads})
    assert same(*answers) and not same(answers[0][0], answers[0][1])


class Spoiling(FedAvg):
    """Clients of 9, 8 and 6 rows send NaN."""

    def local(self, client: Client, received: Weights) -> Weights:
        result = super().local(client, received)
        return Weights({n: client.map(_spoil, v, client.sizes) for n, v in result.weights.items()}, result.samples)


def _spoil(value: Tensor, rows: Tensor) -> Tensor:
    return torch.where((rows == 9) | (rows == 8) | (rows == 6), float("nan"), value)


def test_refused_uploads_are_counted_and_named(start: Callable[..., Engine], play: Make):
    one, two = told(start(Spoiling(), 1), play, 2), told(start(Spoiling(), 2), play, 2)
    assert [client for client, _ in two["traffic"][0][1]] == [i for i, n in enumerate(SIZES) if n in (9, 8, 6)]
    assert same(one, two) and all(bool(v.isfinite().all()) for v in two["weights"].values())


def test_a_package_that_was_defined_after_the_workers_were_started(start: Callable[..., Engine], play: Make):
    """Those of the run's method are there from the start; another's class is found where it is known, or named."""
    engine = start(FedAvg(), 2)
    play(engine)

    @dataclass(frozen=True)
    class Late(Weights):
        pass

    with pytest.raises(Exception, match="Late was defined after the workers were started"):
        engine.visit(engine.clients, engine.method.local, Late(engine.method.offer().weights))
    assert issubclass(Late, Package)


def test_time_of_workers_is_counted(start: Callable[..., Engine], play: Make):
    engine = start(FedAvg(), 2)
    play(engine, 2)
    seconds = engine.profile.seconds
    assert seconds[COMPUTE] > 0 and seconds[WAITING] > 0 and seconds[EVALUATION] == 0
    assert engine.profile.recorded >= 1 and engine.profile.visits == 2 * len(SIZES)
    before = dict(seconds)
    with engine.profile.of(EVALUATION):
        engine.ask(engine.clients, engine.method.score_after, engine.method.offer())
    after = engine.profile.seconds
    assert after[EVALUATION] > 0 and {k: v for k, v in after.items() if k != EVALUATION} == {
        k: v for k, v in before.items() if k != EVALUATION
    }


def test_an_engine_may_be_closed_again_and_again_and_go_on(start: Callable[..., Engine], play: Make):
    expected = told(start(FedAvg(), 1), play, 2)
    engine = start(FedAvg(), 2)
    for _ in range(2):
        play(engine)
        engine.close()
        engine.close()
        assert engine._crew is None
    assert same(engine.method.weights, expected["weights"])
