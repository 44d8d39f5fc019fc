"""Measuring moves nothing: a run that measured is, to the bit, the run that was told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from counterpoint.data import Samples
from counterpoint.engines import Engine, Sequential, Stacked, choice, measure, steps
from counterpoint.engines.gather import OwnRows, Pool
from counterpoint.engines.measure import Measured
from counterpoint.engines.plan import plan
from counterpoint.engines.profile import Profile
from counterpoint.engines.steps import Steps
from counterpoint.engines.widths import UNMEASURED
from counterpoint.exchange import Tensors, Weights
from counterpoint.methods import METHODS, Client, FedAvg
from counterpoint.objectives import cross_entropy

Make = Callable[..., Any]
SIZES = (5, 9, 3, 7, 8, 4, 6, 5, 2)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of a test's own."""
    monkeypatch.setenv("COUNTERPOINT_CACHE", str(tmp_path))
    return tmp_path / "stacks"


@pytest.fixture(autouse=True)
def recording(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps are recorded in short runs too."""
    monkeypatch.setattr(steps, "WORTH", 0)


@pytest.fixture
def measurements(monkeypatch: pytest.MonkeyPatch) -> list[dict[int, float]]:
    """What was measured, in order."""
    found: list[dict[int, float]] = []
    plain = Measured.__init__

    def noting(self: Measured, seconds: dict[int, float], kept: int) -> None:
        found.append(seconds)
        plain(self, seconds, kept)

    monkeypatch.setattr(Measured, "__init__", noting)
    return found


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets a width win, however long it takes."""

    def choose(width: int) -> None:
        plain = choice.Widths.settle

        def settle(self: Any, kind: str, seconds: dict[int, float], most: int) -> int:
            assert set(seconds) == {1, 6, 8} and most > 9
            return plain(self, kind, {w: float(w != width) for w in seconds}, most)

        monkeypatch.setattr(choice.Widths, "settle", settle)

    return choose


def told(engine: Engine, play: Make, rounds: int = 2) -> dict[str, Any]:
    """All that a run leaves: weights, memories, traffic, what was refused, and scores."""
    traffic = []
    for _ in range(rounds):
        play(engine)
        traffic.append((dict(engine.log.traffic), list(engine.log.refused), dict(engine.log.notes)))
    method = engine.method
    scores = {
        f"{program.__name__} {client}": answer.sums
        for program in (method.score_before, method.score_after)
        for client, answer in engine.ask(engine.clients, program, method.offer()).items()
    }
    return {"weights": method.weights, "memories": engine.memories(), "scores": scores, "traffic": traffic}


def same(a: Any, b: Any) -> bool:
    """Equal in every bit."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return torch.equal(a, b) if isinstance(a, Tensor) else a == b


@pytest.mark.parametrize(
    ("name", "width"), [("fedavg", 1), ("fedavg", 6), ("fedavg", 8), ("scaffold", 8), ("local", 6)]
)
def test_a_run_that_measured_is_the_run_that_was_told(
    make_engine: Make, make_population: Make, play: Make, measurements: list[Any], chosen: Make, name: str, width: int
):
    people = make_population(SIZES, missing="sample")
    chosen(width)
    measuring = make_engine(METHODS[name](), people, kind=Stacked, stack=None)
    found = told(measuring, play)
    assert len(measurements) == 1, "the first training stands for all programs of the method"
    settled = measuring.settled()
    again = make_engine(METHODS[name](), people, kind=Stacked, stack=None)
    again.settle(settled)
    fixed = make_engine(METHODS[name](), people, kind=Stacked, stack=None)
    cached = told(fixed, play)
    expected = told(again, play)
    assert fixed.settled() == settled == again.settled()
    assert len(measurements) == 1, "what is known is not measured again"
    assert same(found, expected) and same(found, cached)
    assert list(settled.values()) == [width]


@pytest.mark.parametrize("name", sorted(METHODS))
@pytest.mark.parametrize("missing", ["client", "sample"])
def test_the_loop_has_the_bits_of_the_reference(
    make_engine: Make, make_population: Make, play: Make, name: str, missing: str
):
    people = make_population(SIZES, missing=missing)
    expected = told(make_engine(METHODS[name](), people, kind=Sequential), play)
    found = told(make_engine(METHODS[name](), people, kind=Stacked, stack=1), play)
    assert same(found, expected)


def test_a_fixed_width_needs_no_measuring(
    make_engine: Make, make_population: Make, play: Make, measurements: list[Any], cache: Path
):
    engine = make_engine(people=make_population(SIZES), kind=Stacked, stack=4)
    told(engine, play)
    assert measurements == [] and engine.settled() == {} and not cache.exists()


def test_one_client_alone_needs_no_measuring(
    make_engine: Make, make_population: Make, play: Make, measurements: list[Any]
):
    play(make_engine(people=make_population([5]), kind=Stacked, stack=None))
    assert measurements == []


@pytest.mark.parametrize(("clients", "widths"), [(2, [1, 2]), (6, [1, 4]), (8, [1, 6, 8]), (15, [1, 6, 8])])
def test_every_width_worth_trying_is_tried(
    make_engine: Make,
    make_population: Make,
    play: Make,
    measurements: list[dict[int, float]],
    clients: int,
    widths: list[int],
):
    play(make_engine(people=make_population((8,) * clients), kind=Stacked, stack=None))
    assert [sorted(seconds) for seconds in measurements] == [widths]
    assert all(0 < value < 60 for value in measurements[0].values())


def test_about_as_many_clients_are_measured_once(
    make_engine: Make, make_population: Make, measurements: list[dict[int, float]]
):
    """As when another share of the clients takes part in each round."""
    engine = make_engine(people=make_population((8,) * 9), kind=Stacked, stack=None)
    for count, expected in ((8, 1), (9, 1), (5, 2), (4, 2), (7, 2), (9, 2), (1, 2), (2, 3)):
        engine.begin(engine.round + 1)
        engine.visit(engine.clients[:count], engine.method.local, engine.method.offer())
        assert len(measurements) == expected
    assert len(engine.settled()) == 3


def test_what_does_not_train_is_not_measured(
    make_engine: Make, make_population: Make, play: Make, measurements: list[Any]
):
    people = make_population(SIZES)
    engine, told_so = (make_engine(people=people, kind=Stacked, stack=stack) for stack in (None, UNMEASURED))
    answers = [e.ask(e.clients, e.method.score_before, e.method.offer()) for e in (engine, told_so)]
    assert measurements == [] and list(engine.settled().values()) == [UNMEASURED]
    assert all(same(answers[0][client].sums, answers[1][client].sums) for client in engine.clients)


def test_each_structure_is_measured_on_its_own(
    make_engine: Make, make_population: Make, play: Make, measurements: list[Any]
):
    """Three clients lack a modality each, so that there are two structures of two clients or more, and one of one."""
    people = make_population(SIZES, ["acc", "gyro"], missing="client")
    engine = make_engine(people=people, kind=Stacked, stack=None)
    play(engine, 2)
    assert len(measurements) == len(engine.settled()) == 1, "clients 0 and 1 are alone of their kind"


class Remembering(FedAvg):
    """It remembers before it trains, counts how often, and draws."""

    def local(self, client: Client, received: Weights) -> Weights:
        visits = client.map(lambda n: n + 1, client.memory.get("visits", torch.zeros(())))
        client.memory["visits"] = visits
        client.memory["drawn"] = client.rng("noise").normal(2)
        try:
            return super().local(client, received)
        except Exception:  # a program that guards its training must not catch the end of a measurement
            client.memory["visits"] = torch.tensor(-1.0)
            raise


def test_a_program_that_remembers_before_it_trains(
    make_engine: Make, make_population: Make, play: Make, measurements: list[Any], chosen: Make
):
    chosen(8)
    people = make_population(SIZES)
    measuring = make_engine(Remembering(), people, kind=Stacked, stack=None)
    plain = make_engine(Remembering(), people, kind=Stacked, stack=8)
    assert same(told(measuring, play), told(plain, play)) and len(measurements) == 1
    assert all(values["visits"] == 2 for values in measuring.memories().values())


def test_what_took_part_is_left_alone():
    """The tensors of a stack, its batches and what the loss uses."""
    torch.manual_seed(0)
    people = [samples(rows) for rows in (4, 3, 5)]
    made = plan([5, 4, 3], 4, [2, 1, 1], [0, 1, 2])
    tensors = {"w": torch.randn(3, 6, 2), "b": torch.randn(3, 2)}
    before = {name: value.clone() for name, value in tensors.items()}
    method = Small()
    method.seal()
    gradients = Steps(Profile()).of(method.loss, 1000)
    with pytest.raises(Measured) as found:
        looks = OwnRows(Pool(people), range(3)).steps(made, torch.tensor([2, 0, 1]))
        measure.measured(gradients, method.loss, tensors, ["w", "b"], looks, {})
    assert sorted(found.value.seconds) == [1, 3] and found.value.kept > 0
    assert same(tensors, before)
    nothing = plan([5, 4, 3], 4, [0, 0, 0], [0, 1, 2])
    looks = OwnRows(Pool(people), range(3)).steps(nothing, torch.tensor([2, 0, 1]))
    assert measure.measured(gradients, method.loss, tensors, ["w", "b"], looks, {}) is None, "nobody takes a step"


class Small(FedAvg):
    def loss(self, params: Tensors, batch: Any, using: Any) -> Tensor:
        return cross_entropy(batch.x["acc"].flatten(1) @ params["w"] + params["b"], batch.label)


def samples(rows: int) -> Samples:
    there = torch.ones(rows, dtype=torch.bool)
    return Samples({"acc": torch.randn(rows, 2, 3)}, {"acc": there}, torch.arange(rows) % 2, torch.arange(rows))
