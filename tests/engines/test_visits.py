"""What a method sees of the federation: sampling, visits, questions, randomness, and what stays hidden."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from counterpoint.engines import ENGINES, Engine, find_engine
from counterpoint.errors import UserError
from counterpoint.exchange import Package, Tensors, Weights, named, per_modality
from counterpoint.methods import METHODS, Client, FedAvg, Federation

Make = Callable[..., Any]


@dataclass(frozen=True)
class Note(Package):
    values: Tensors = named()
    senses: Tensors = per_modality()


class Drawing(FedAvg):
    """Local programs that answer with what they drew."""

    def draw(self, client: Client, received: Note) -> Note:
        noise = client.rng("noise")
        return Note({"first": noise.normal(3), "second": noise.normal(3), "other": client.rng("other").normal(3)})

    def echo(self, client: Client, received: Note) -> Note:
        return received

    def count(self, client: Client, received: Note) -> Note:
        seen = client.memory.get("seen", torch.tensor(0))
        client.memory["seen"] = client.map(lambda n: n + 1, seen)
        return Note({"seen": seen})


class Nosy(FedAvg):
    """A local program that looks at the server's state."""

    def start(self, fed: Federation) -> None:
        super().start(fed)
        self.secret = torch.tensor(42.0)

    def peek(self, client: Client, received: Note) -> Note:
        return Note({"secret": self.secret})

    def weigh(self, client: Client, received: Note) -> Note:
        return Note(self.weights)

    def options_and_model(self, client: Client, received: Note) -> Note:
        return Note({"bias": self.model.initial["head.bias"]})


def drawn(engine: Engine, clients: list[int], number: int = 1) -> dict[int, Tensors]:
    engine.begin(number)
    return {u.client: u.values for u in engine.visit(clients, engine.method.draw, Note())}


def test_engines_by_name():
    assert find_engine("sequential") is ENGINES["sequential"]
    with pytest.raises(UserError, match="did you mean 'sequential'"):
        find_engine("sequental")


@pytest.mark.parametrize(("participation", "count"), [(1.0, 10), (0.5, 5), (0.34, 3), (0.01, 1), (0.06, 1), (0.95, 10)])
def test_sampling(make_engine: Make, make_population: Make, participation: float, count: int):
    engine: Engine = make_engine(people=make_population([2] * 10), participation=participation)
    seen = set()
    for number in range(1, 41):
        engine.begin(number)
        chosen = engine.sample()
        assert len(chosen) == len(set(chosen)) == count
        assert chosen == sorted(chosen) == engine.sample()
        seen |= set(chosen)
    assert seen == set(range(10)), "in the long run everyone takes part"


def test_sampling_is_reproducible_and_depends_on_seed_and_round(make_engine: Make, make_population: Make):
    def chosen(seed: int, number: int) -> list[int]:
        engine: Engine = make_engine(people=make_population([2] * 20), participation=0.5, seed=seed)
        engine.begin(number)
        return engine.sample()

    assert chosen(0, 1) == chosen(0, 1)
    assert len({tuple(chosen(s, n)) for s in (0, 1) for n in (1, 2)}) == 4


def test_the_order_in_which_clients_are_named_does_not_matter(make_engine: Make, same: Make):
    results = []
    for order in ([0, 1, 2], [2, 0, 1]):
        engine: Engine = make_engine()
        engine.begin(1)
        uploads = engine.visit(order, engine.method.local, engine.method.offer())
        assert [u.client for u in uploads] == [0, 1, 2]
        results.append(uploads)
    assert all(same(a.weights, b.weights) for a, b in zip(*results, strict=True))


def test_a_client_named_twice_is_visited_once(make_engine: Make):
    engine: Engine = make_engine()
    engine.begin(1)
    assert [u.client for u in engine.visit([1, 0, 1], engine.method.local, engine.method.offer())] == [0, 1]
    assert engine.log.traffic["down", 1, "head"] == engine.log.traffic["down", 0, "head"]


def test_a_client_does_the_same_whoever_else_takes_part(make_engine: Make, same: Make):
    everyone, alone = make_engine(), make_engine()
    uploads = []
    for engine, clients in ((everyone, [0, 1, 2]), (alone, [1])):
        engine.begin(1)
        found = engine.visit(clients, engine.method.local, engine.method.offer())
        uploads.append(next(u for u in found if u.client == 1))
    assert same(uploads[0].weights, uploads[1].weights)


def test_draws_differ_by_client_purpose_visit_and_round(make_engine: Make):
    engine: Engine = make_engine(Drawing())
    first = drawn(engine, [0, 1, 2])
    assert all(torch.equal(first[1][n], v) for n, v in drawn(make_engine(Drawing()), [1])[1].items())
    again = {u.client: u.values for u in engine.visit([0, 1, 2], engine.method.draw, Note())}
    later = drawn(engine, [0, 1, 2], 2)
    other_seed = drawn(make_engine(Drawing(), seed=1), [0, 1, 2])
    found = [values for answer in (first, again, later, other_seed) for values in answer.values()]
    everything = [tuple(v.tolist()) for values in found for v in values.values()]
    assert len(set(everything)) == 4 * 3 * 3


def test_the_servers_draws_are_keyed(make_engine: Make):
    engine: Engine = make_engine(seed=1)

    def draw(number: int, purpose: str) -> tuple[float, ...]:
        engine.begin(number)
        return tuple(torch.rand(2, generator=engine.rng(purpose)).tolist())

    assert draw(1, "a") == draw(1, "a")
    assert len({draw(n, p) for n in (1, 2) for p in ("a", "b", "sample")}) == 6


def test_asking_leaves_no_trace(make_engine: Make, play: Make):
    engine: Engine = make_engine(Drawing())
    play(engine)
    before = dict(engine.log.traffic)
    for expected in (0, 0):
        answers = engine.ask([0, 1, 2], engine.method.count, Note())
        assert {c: int(a.values["seen"]) for c, a in answers.items()} == {0: expected, 1: expected, 2: expected}
    assert engine.log.traffic == before and engine.memories() == {}
    for expected in (0, 1):
        uploads = engine.visit([0, 2], engine.method.count, Note())
        assert [int(u.values["seen"]) for u in uploads] == [expected, expected]
    assert set(engine.memories()) == {"0", "2"}


@pytest.mark.parametrize("name", sorted(METHODS))
def test_evaluating_changes_no_bit_of_training(make_engine: Make, play: Make, same: Make, name: str):
    def run(*, looks: bool) -> tuple[Tensors, dict[str, Any]]:
        engine: Engine = make_engine(METHODS[name]())
        for _ in range(3):
            play(engine)
            if looks:
                method = engine.method
                for program in (method.score_before, method.score_after, method.score_after_global):
                    engine.ask([0, 1, 2], program, method.offer())
                if method.weights:
                    method.tally(engine.server, method.weights, "global_test")
        return engine.method.weights, engine.memories()

    (with_looks, memories), (without, expected) = run(looks=True), run(looks=False)
    assert same(with_looks, without)
    assert flat(memories) == flat(expected)


def flat(values: Any) -> Any:
    return {n: flat(v) for n, v in values.items()} if isinstance(values, dict) else values.tolist()


def test_a_local_program_sees_options_and_model_and_no_state_of_the_server(make_engine: Make):
    engine: Engine = make_engine(Nosy())
    engine.begin(1)
    (answer,) = engine.visit([0], engine.method.options_and_model, Note())
    assert torch.equal(answer.values["bias"], engine.model.initial["head.bias"])
    for program in (engine.method.peek, engine.method.weigh):
        with pytest.raises(AttributeError, match=r"secret|weights"):
            engine.visit([0], program, Note())


def test_options_reach_the_clients(make_engine: Make, play: Make, same: Make):
    prox = METHODS["fedprox"]
    results = [play(make_engine(prox(mu=mu)), 1) for mu in (0.0, 5.0)]
    assert not same(*results)


def test_a_package_of_its_own_for_each_client(make_engine: Make, make_population: Make):
    engine: Engine = make_engine(Drawing(), make_population(missing="client"))
    engine.begin(1)
    senses = {m: torch.ones(2) for m in ("acc", "gyro")}
    packages = {c: Note({"you": torch.tensor(c)}, senses) for c in (0, 1, 2)}
    uploads = engine.visit([0, 1, 2], engine.method.echo, packages)
    assert [int(u.values["you"]) for u in uploads] == [0, 1, 2]
    assert [sorted(u.senses) for u in uploads] == [["gyro"], ["acc"], ["acc", "gyro"]]


def test_what_a_client_does_to_its_package_reaches_nobody(make_engine: Make):
    class Vandal(FedAvg):
        def local(self, client: Client, received: Weights) -> Weights:
            for value in received.weights.values():
                value.zero_()
            return Weights(samples=client.sizes)

    engine: Engine = make_engine(Vandal())
    before: dict[str, Tensor] = {n: v.clone() for n, v in engine.method.weights.items()}
    engine.begin(1)
    engine.visit([0], engine.method.local, engine.method.offer())
    assert all(torch.equal(before[n], v) for n, v in engine.method.weights.items())


def test_notes_owners_and_the_log_of_a_round(make_engine: Make, make_population: Make):
    engine: Engine = make_engine(people=make_population(missing="client"))
    assert {b: engine.owners(b) for b in engine.model.layout.blocks} == {
        "encoder.acc": 2,
        "encoder.gyro": 2,
        "fusion": 3,
        "head": 3,
    }
    engine.begin(1)
    engine.note("temperature", 0.5)
    engine.note("temperature", 1, "client:0")
    assert engine.log.notes == {("temperature", "server"): 0.5, ("temperature", "client:0"): 1.0}
    engine.begin(2)
    assert engine.log.notes == {} and engine.log.traffic == {} and engine.round == 2


def test_memories_can_be_saved_and_taken_back(make_engine: Make, play: Make, same: Make):
    first: Engine = make_engine(METHODS["scaffold"]())
    play(first, 2)
    second: Engine = make_engine(METHODS["scaffold"]())
    second.restore(first.memories())
    second.method.weights, second.method.control = dict(first.method.weights), dict(first.method.control)
    second.round = 2
    assert same(play(first, 2), play(second, 2))
