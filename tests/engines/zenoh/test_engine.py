"""Devices of a network that are told of each other by threads in place of a radio."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from threading import Condition, Thread
from time import monotonic
from typing import Any

import pytest
import torch

from counterpoint.data import Population
from counterpoint.engines.zenoh.engine import OverAir
from counterpoint.exchange import Tensors
from counterpoint.methods import METHODS, Method, TrainSettings
from counterpoint.simulate.network import NetworkSettings
from counterpoint.simulate.settings import DeviceSettings

Make = Callable[..., Any]


@dataclass
class Told:
    packages: Mapping[int, bytes]
    missing: Mapping[int, str]
    seconds: float = 0.0


class Air:
    """All that was ever said, and who is there."""

    def __init__(self) -> None:
        self.said: dict[tuple[int, int, int], bytes | None] = {}
        self.where: dict[int, tuple[int, bytes]] = {}
        self.gone: set[int] = set()
        self.change = Condition()


class OneLine:
    """The line of one device through the air."""

    def __init__(self, air: Air, me: int, spoils: Callable[[bytes], bytes] = lambda data: data) -> None:
        self.air, self.me, self.spoils = air, me, spoils
        self.refused: Counter[str] = Counter()
        self.heard_of = 0

    def exchange(self, round: int, number: int, data: bytes | None, neighbours: Collection[int]) -> Told:
        until = monotonic() + 30
        with self.air.change:
            self.air.said[round, number, self.me] = None if data is None else self.spoils(data)
            self.air.change.notify_all()
            waiting = set(neighbours)
            while waiting := {n for n in waiting if (round, number, n) not in self.air.said and n not in self.air.gone}:
                assert self.air.change.wait(until - monotonic()), f"{self.me} waits for {waiting} in round {round}"
            found = {n: self.air.said.get((round, number, n)) for n in neighbours}
        missing = {n: "gone" for n in neighbours if (round, number, n) not in self.air.said}
        return Told({n: d for n, d in found.items() if d is not None}, missing)

    def status(self, round: int, data: bytes) -> None:
        self.air.where[self.me] = (round, data)

    def ask(self, neighbours: Collection[int], timeout: float) -> dict[int, tuple[int, bytes]]:
        return {n: self.air.where[n] for n in neighbours if n in self.air.where}

    def latest(self) -> int:
        return self.heard_of


def device(
    air: Air, people: Population, me: int, method: Method, make_model: Make, topology: str, **options: Any
) -> OverAir:
    spoils = options.pop("spoils", lambda data: data)
    own = replace(people, clients=(people.clients[me],), test=people.test.rows(torch.arange(0)))
    engine = OverAir(
        own,
        method,
        make_model(people, method=method),
        options.pop("train", TrainSettings(epochs=2, batch_size=4, lr=0.1)),
        rounds=10,
        line=OneLine(air, me, spoils),
        roster={client.id: client.modalities for client in people.clients},
        patience=1.0,
        network=NetworkSettings(topology=topology),
        **options,
    )
    method.start(engine)
    return engine


def together(devices: list[OverAir], rounds: int) -> None:
    failed: list[BaseException] = []

    def go(engine: OverAir) -> None:
        try:
            for number in range(1, rounds + 1):
                engine.begin(number)
                engine.method.round(engine)
        except BaseException as error:
            failed.append(error)

    threads = [Thread(target=go, args=(engine,)) for engine in devices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed, failed


def model(engine: OverAir) -> Tensors:
    found: Tensors = engine.memories()[str(engine.clients[0])]["model"]
    return found


@pytest.mark.parametrize("missing", ["none", "client"])
@pytest.mark.parametrize("topology", ["ring", "star"])
@pytest.mark.parametrize("method", sorted(n for n, cls in METHODS.items() if cls.model_kind == "peer"))
def test_with_nobody_failing_it_is_the_simulation(
    make_engine: Make,
    make_population: Make,
    make_model: Make,
    play: Make,
    apart: Make,
    same: Make,
    method: str,
    topology: str,
    missing: str,
):
    people = make_population([5, 9, 12, 7], missing=missing)
    simulated = make_engine(METHODS[method](), people, network=NetworkSettings(topology=topology))
    play(simulated, 4)
    air = Air()
    devices = [device(air, people, me, METHODS[method](), make_model, topology) for me in range(4)]
    together(devices, 4)
    for engine in devices:
        me = str(engine.clients[0])
        for what, expected in simulated.memories()[me].items():
            found = engine.memories()[me][what]
            flat, wanted = (dict(_flat(v)) for v in (found, expected))
            assert apart(flat, wanted) < 1e-5, what
        sent = {k: n for k, n in simulated.log.traffic.items() if k[1] == int(me)}
        assert {k: n for k, n in engine.log.traffic.items() if k[1] == int(me)} == sent, "the same bytes"
        assert engine.log.refused == []


def _flat(values: Any, prefix: str = "") -> Any:
    if isinstance(values, torch.Tensor):
        yield prefix, values
        return
    for name, value in values.items():
        yield from _flat(value, f"{prefix}/{name}")


def test_batteries_bind_as_in_the_simulation(
    make_engine: Make, make_population: Make, make_model: Make, play: Make, apart: Make
):
    people = make_population([5, 9, 12])
    simulate = DeviceSettings(battery="0.3..1", reference_steps=4)
    method = METHODS["d-psgd"]
    simulated = make_engine(
        method(steps=4, spending="evenly"), people, network=NetworkSettings(topology="ring"), simulate=simulate
    )
    play(simulated, 4)
    air = Air()
    devices = [
        device(air, people, me, method(steps=4, spending="evenly"), make_model, "ring", simulate=simulate)
        for me in range(3)
    ]
    together(devices, 4)
    for me, engine in enumerate(devices):
        assert torch.allclose(engine.ledger.left[me], simulated.ledger.left[me], rtol=1e-12)
        assert apart(model(engine), simulated.memories()[str(me)]["model"]) < 1e-5


def test_what_is_damaged_is_refused_and_counted_and_changes_nothing(
    make_population: Make, make_model: Make, same: Make
):
    people = make_population([5, 9, 12])
    found = []
    for spoils in (lambda data: data[:-7], lambda data: b"", lambda data: data[:200] + b"\xff" * (len(data) - 200)):
        air = Air()
        devices = [
            device(
                air, people, me, METHODS["d-psgd"](), make_model, "complete", **({"spoils": spoils} if me == 1 else {})
            )
            for me in range(3)
        ]
        together(devices, 1)
        assert [[who for who, _ in engine.log.refused] for engine in devices] == [[1], [], [1]]
        found.append(model(devices[0]))
    assert same(found[0], found[1])
    assert same(found[1], found[2])
    assert bool(torch.isfinite(found[0]["head.weight"]).all())


def test_who_is_gone_leaves_its_weight_to_the_others(make_population: Make, make_model: Make, same: Make):
    people = make_population([5, 9, 12])
    air = Air()
    air.gone = {1}
    devices = [device(air, people, me, METHODS["d-psgd"](), make_model, "complete") for me in (0, 2)]
    together(devices, 2)
    assert [engine.log.notes["not_heard", f"client:{engine.clients[0]}"] for engine in devices] == [1, 1]
    assert not same(model(devices[0]), model(devices[1]))


def test_who_is_behind_takes_the_mean_of_its_neighbours_and_goes_on_in_their_round(
    make_population: Make, make_model: Make
):
    people = make_population([5, 9, 12])
    air = Air()
    air.gone = {1}
    devices = [device(air, people, me, METHODS["d-psgd"](), make_model, "complete") for me in (0, 2)]
    together(devices, 3)
    late = device(air, people, 1, METHODS["d-psgd"](), make_model, "complete")
    late._line.heard_of = 4
    assert late.next_round(0) == 4
    for name, value in model(late).items():
        mean = (model(devices[0])[name].double() + model(devices[1])[name].double()) / 2
        assert torch.allclose(value.double(), mean, atol=1e-7)
    assert late.next_round(4) == 5
    late._line.heard_of = 99
    assert late.next_round(4) == 10, "the last round is the last"
