"""Clients that are away, and sensors that are off, for methods with a server and without."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from counterpoint.engines import ENGINES, Engine
from counterpoint.methods import METHODS
from counterpoint.simulate.network import NetworkSettings
from counterpoint.simulate.settings import DeviceSettings

Make = Callable[..., Any]
everywhere = pytest.mark.parametrize("engine", sorted(ENGINES))


@pytest.fixture
def away(tmp_path: Path) -> Callable[[str], DeviceSettings]:
    def settings(lines: str) -> DeviceSettings:
        path = tmp_path / "away.csv"
        path.write_text(f"client,from,to,modality\n{lines}")
        return DeviceSettings(available=f"trace:{path}")

    return settings


def visited(engine: Engine) -> set[int]:
    return {client for direction, client, _ in engine.log.traffic if direction == "up"}


@everywhere
def test_who_is_away_is_neither_asked_nor_changed(make_engine: Make, play: Make, away: Make, engine: str):
    made = make_engine(METHODS["scaffold"](), kind=ENGINES[engine], simulate=away("1,2,2,\n"))
    play(made)
    assert visited(made) == {0, 1, 2}
    before = made.memories()["1"]["control"]
    play(made)
    assert visited(made) == {0, 2}
    assert made.log.notes["available", "clients:sum"] == 2
    assert all(torch.equal(before[n], v) for n, v in made.memories()["1"]["control"].items())
    play(made)
    assert visited(made) == {0, 1, 2}


@everywhere
def test_a_sensor_that_is_off_is_as_if_it_were_not_owned(make_engine: Make, play: Make, away: Make, engine: str):
    made = make_engine(kind=ENGINES[engine], simulate=away("0,1,1,acc\n1,1,1,acc\n2,1,1,acc\n"))
    initial = dict(made.model.initial)
    play(made)
    blocks = {block for _, _, block in made.log.traffic}
    assert "encoder.gyro" in blocks and "encoder.acc" not in blocks
    assert torch.equal(made.method.weights["encoder.acc.out.weight"], initial["encoder.acc.out.weight"])
    assert not torch.equal(made.method.weights["encoder.gyro.out.weight"], initial["encoder.gyro.out.weight"])


@everywhere
@pytest.mark.parametrize("method", ["local", "d-psgd", "dmml-kd", "gradient-tracking", "scaffold", "fedmekt"])
def test_what_is_remembered_of_a_sensor_that_is_off_stays(
    make_engine: Make, play: Make, away: Make, engine: str, method: str
):
    made = make_engine(
        METHODS[method](),
        kind=ENGINES[engine],
        network=NetworkSettings(topology="complete"),
        simulate=away("2,2,2,acc\n"),
    )
    play(made)
    before = dict(made.memories()["2"])
    play(made)
    after = made.memories()["2"]
    for what, values in before.items():
        assert after[what].keys() >= values.keys()
        for name, value in values.items():
            if name.startswith("encoder.acc.") and isinstance(value, torch.Tensor):
                assert torch.equal(after[what][name], value), name
    assert any(
        not torch.equal(after[what][n], v)
        for what, values in before.items()
        for n, v in values.items()
        if n.startswith("encoder.gyro.") and isinstance(v, torch.Tensor)
    )
    play(made)


@pytest.mark.parametrize("method", ["fedavg", "d-psgd", "local"])
def test_engines_agree(make_engine: Make, play: Make, apart: Make, method: str):
    settings = DeviceSettings(available="bernoulli:0.7;acc=bernoulli:0.6")
    found = []
    for engine in ENGINES.values():
        made = make_engine(METHODS[method](), kind=engine, simulate=settings, network=NetworkSettings(topology="ring"))
        play(made, 4)
        found.append((made.method.weights, made.memories(), made.log.traffic))
    (w, m, t), (w2, m2, t2) = found
    assert t == t2
    assert apart(w, w2) < 1e-5
    assert m.keys() == m2.keys()
    for client, values in m.items():
        for what, tensors in values.items():
            assert apart(tensors, m2[client][what]) < 1e-5


@everywhere
def test_a_round_ends_without_those_who_are_late(make_engine: Make, play: Make, engine: str):
    free = make_engine(kind=ENGINES[engine])
    play(free)
    made = make_engine(kind=ENGINES[engine], simulate=DeviceSettings(deadline=1000.0))
    play(made)
    assert made.log.notes["late", "clients:sum"] == 0
    told = made.log, made.settings, made.round
    seconds = {client: made._deadline.seconds(client, *told) for client in made.clients}
    assert made.log.notes["round_seconds", "clients:worst"] == max(seconds.values())
    assert all(torch.equal(free.method.weights[n], w) for n, w in made.method.weights.items())
    slowest = max(seconds, key=lambda client: seconds[client])
    strict = make_engine(kind=ENGINES[engine], simulate=DeviceSettings(deadline=sorted(seconds.values())[1] * 1.001))
    play(strict)
    assert strict.log.notes["late", "clients:sum"] == 1
    others = make_engine(kind=ENGINES[engine])
    others.begin(1)
    uploads = others.visit([c for c in others.clients if c != slowest], others.method.local, others.method.offer())
    total = sum(int(u.samples) for u in uploads)
    for name, value in strict.method.weights.items():
        mean = sum(u.weights[name].double() * int(u.samples) for u in uploads) / total
        assert torch.allclose(value.double(), mean, atol=1e-6), name


@everywhere
def test_a_peer_that_is_late_is_not_heard_and_hears_nothing(make_engine: Make, play: Make, engine: str):
    network = NetworkSettings(topology="complete")
    free = make_engine(METHODS["d-psgd"](), kind=ENGINES[engine], network=network)
    play(free)
    seconds = free.ledger.seconds.clone()
    deadline = float(seconds.sort().values[1]) * 1.001
    made = make_engine(
        METHODS["d-psgd"](), kind=ENGINES[engine], network=network, simulate=DeviceSettings(deadline=deadline)
    )
    play(made)
    late = int(seconds.argmax())
    assert made.log.notes["late", "clients:sum"] == 1
    assert made.ledger.speaks.tolist() == [client != late for client in made.clients]
    models = {c: made.memories()[str(c)]["model"]["head.weight"] for c in made.clients}
    first, second = (models[c] for c in made.clients if c != late)
    assert not torch.equal(models[late], first)
    alone = make_engine(METHODS["local"](), kind=ENGINES[engine])
    play(alone)
    assert torch.equal(models[late], alone.memories()[str(late)]["model"]["head.weight"])
    third = 1 / 3  # each keeps the weight of the one that is late
    own = {c: alone.memories()[str(c)]["model"]["head.weight"] for c in made.clients if c != late}
    a, b = own.values()
    assert torch.allclose(first, (1 - third) * a + third * b, atol=1e-6)
    assert torch.allclose(second, (1 - third) * b + third * a, atol=1e-6)
